import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

export type RefreshState = 'idle' | 'claimed' | 'in_flight' | 'backoff' | 'confirm' | 'unknown' | 'ended';
export type RefreshMode = 'rotating_strict' | 'rotating_grace' | 'static' | 'extend_self' | 'none';

/** What a person granted to one app; accounts belong to it. The table holds no secret, so lists may join it. */
@Entity('grants')
export class Grant {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') provider!: string;
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  /** Null: the client supplied the credentials; then `manual_user_id` may have the person. */
  @Column('text', { name: 'platform_user_id', nullable: true }) platformUserId!: string | null;
  /** Of a manual grant: the person that the platform named. Null: it has named none. */
  @Column('text', { name: 'manual_user_id', nullable: true }) manualUserId!: string | null;
  /** The fencing number: grows by one with every stored pair, reconnect and disconnect. A bigint, so a string. */
  @Column('bigint', { name: 'token_version', default: 1 }) tokenVersion!: string;
  @Column('text') mode!: RefreshMode;
  @Column('text', { array: true, default: '{}' }) scopes!: string[];
  @Column('timestamptz', { name: 'access_expires_at', nullable: true }) accessExpiresAt!: Date | null;
  @Column('timestamptz', { name: 'refresh_expires_at', nullable: true }) refreshExpiresAt!: Date | null;
  @Column('timestamptz', { name: 'reauth_due_at', nullable: true }) reauthDueAt!: Date | null;
  /** When the code of the consent was exchanged that its tokens come from, however often they were refreshed since. */
  @Column('timestamptz', { name: 'consented_at', default: () => 'db_now()' }) consentedAt!: Date;
  /** The order of its consent among those of the person: a number of `consent_sequence`. A bigint, so a string. */
  @Column('bigint', { name: 'consent_sequence', default: 0 }) consentSequence!: string;
  @Column('timestamptz', { name: 'issued_at' }) issuedAt!: Date;
  @Column('timestamptz', { name: 'last_refreshed_at', nullable: true }) lastRefreshedAt!: Date | null;
  @Column('text', { name: 'refresh_state', default: 'idle' }) refreshState!: RefreshState;
  @Column('bigint', { name: 'claim_epoch', default: 0 }) claimEpoch!: string;
  @Column('text', { name: 'claim_holder', nullable: true }) claimHolder!: string | null;
  @Column('timestamptz', { name: 'claim_until', nullable: true }) claimUntil!: Date | null;
  @Column('timestamptz', { name: 'refresh_due_at', nullable: true }) refreshDueAt!: Date | null;
  @Column('integer', { default: 0 }) attempt!: number;
  @Column('text', { name: 'last_class', nullable: true }) lastClass!: string | null;
  @Column('text', { name: 'last_reason', nullable: true }) lastReason!: string | null;
  @Column('text', { name: 'last_error', nullable: true }) lastError!: string | null;
  @Column('integer', { name: 'strike_count', default: 0 }) strikeCount!: number;
  @Column('timestamptz', { name: 'first_strike_at', nullable: true }) firstStrikeAt!: Date | null;
  @Column('timestamptz', { name: 'last_strike_at', nullable: true }) lastStrikeAt!: Date | null;
  @Column('text', { name: 'witness', nullable: true }) apiCheck!: 'accepts' | 'refuses' | 'silent' | null;
  @Column('timestamptz', { name: 'unknown_since', nullable: true }) unknownSince!: Date | null;
  /** How long refreshes were refused with codes that no table lists, without the time in which refreshes were held back. */
  @Column('integer', { name: 'rejected_seconds', default: 0 }) rejectedSeconds!: number;
  /** The last such refusal; null: another outcome followed it. */
  @Column('timestamptz', { name: 'rejected_at', nullable: true }) rejectedAt!: Date | null;
  @Column('text', { name: 'ended_reason', nullable: true }) endedReason!: string | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
