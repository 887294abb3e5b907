import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** An event that waits to be delivered, written in the transaction of its change. */
@Entity('outbox')
export class OutboxEvent {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') type!: string;
  @Column('uuid', { name: 'account_id', nullable: true }) accountId!: string | null;
  @Column('bigint', { nullable: true }) sequence!: string | null;
  /** With `platformUserId`: the platform's user in an event without an account. */
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  @Column('text', { name: 'platform_user_id', nullable: true }) platformUserId!: string | null;
  /** The endpoint that the event is about. */
  @Column('uuid', { name: 'webhook_id', nullable: true }) webhookId!: string | null;
  @Column('jsonb') payload!: Record<string, unknown>;
  /** The place in the feed of all events. Drawn by the database at the insert. */
  @Column('bigint', { default: () => 'next_event_position()' }) position!: string;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'dispatched_at', nullable: true }) dispatchedAt!: Date | null;
}
