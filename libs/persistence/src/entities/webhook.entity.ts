import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** An endpoint to which a tenant's events are sent. */
@Entity('webhooks')
export class Webhook {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') url!: string;
  @Column('text', { nullable: true }) description!: string | null;
  /** Types of events, or `*`. */
  @Column('text', { array: true }) events!: string[];
  @Column('text', { name: 'filter_provider', nullable: true }) filterProvider!: string | null;
  @Column('uuid', { name: 'filter_project_id', nullable: true }) filterProjectId!: string | null;
  @Column('text', { default: 'active' }) status!: 'active' | 'paused' | 'disabled';
  @Column('text', { name: 'paused_reason', nullable: true }) pausedReason!: string | null;
  @Column('timestamptz', { name: 'paused_at', nullable: true }) pausedAt!: Date | null;
  /** While it is paused: when one delivery is tried. */
  @Column('timestamptz', { name: 'next_try_at', nullable: true }) nextTryAt!: Date | null;
  @Column('integer', { name: 'consecutive_failures', default: 0 }) consecutiveFailures!: number;
  @Column('timestamptz', { name: 'last_success_at', nullable: true }) lastSuccessAt!: Date | null;
  @Column('timestamptz', { name: 'last_failure_at', nullable: true }) lastFailureAt!: Date | null;
  @Column('timestamptz', { name: 'previous_secret_until', nullable: true }) previousSecretUntil!: Date | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  /** Since then it is deleted for its owner; a sweep deletes the row. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) deletedAt!: Date | null;
}

/** The events of one account for one endpoint. The oldest that is not delivered is sent next. */
@Entity('webhook_lanes')
export class WebhookLane {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'webhook_id' }) webhookId!: string;
  /** The account, or an event that concerns none. */
  @Column('uuid') key!: string;
  /** Null: nothing waits. While a delivery is under way: when another process may take it over. */
  @Column('timestamptz', { name: 'next_attempt_at', nullable: true }) nextAttemptAt!: Date | null;
  /** Of the delivery that is under way. */
  @Column('uuid', { nullable: true }) claim!: string | null;
  /** Of the last event that was delivered. */
  @Column('bigint', { name: 'last_sequence', nullable: true }) lastSequence!: string | null;
}

/** One event for one endpoint. */
@Entity('webhook_deliveries')
export class WebhookDelivery {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'webhook_id' }) webhookId!: string;
  /** Null: a test. */
  @Column('uuid', { name: 'lane_id', nullable: true }) laneId!: string | null;
  @Column('uuid', { name: 'event_id' }) eventId!: string;
  @Column('text', { name: 'event_type' }) eventType!: string;
  @Column('bigint', { default: 0 }) position!: string;
  @Column('text', { default: 'pending' }) status!: 'pending' | 'delivering' | 'succeeded' | 'failed' | 'exhausted';
  @Column('integer', { default: 0 }) attempts!: number;
  @Column('integer', { name: 'status_code', nullable: true }) statusCode!: number | null;
  @Column('text', { nullable: true }) error!: string | null;
  @Column('integer', { name: 'duration_ms', nullable: true }) durationMs!: number | null;
  @Column('text', { name: 'response_excerpt', nullable: true }) responseExcerpt!: string | null;
  @Column('timestamptz', { name: 'next_retry_at', nullable: true }) nextRetryAt!: Date | null;
  @Column('timestamptz', { name: 'delivered_at', nullable: true }) deliveredAt!: Date | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
