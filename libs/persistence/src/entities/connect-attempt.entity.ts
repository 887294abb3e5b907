import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

export type AttemptStatus =
  'pending' | 'exchanged' | 'selection_required' | 'confirmation_required' | 'completed' | 'failed';

/** Whether a connection exists at once, or after the backend that started it has confirmed it. */
export type Completion = 'immediate' | 'confirm';

/** The two shapes of the public API. */
export type Surface = 'accounts' | 'projects';

/** A profile that a consent may connect, and the reason where it may not. */
export interface Candidate {
  platformAccountId: string;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  eligible: boolean;
  reason: string | null;
}

/** One start of the connect flow. Its state is stored as a hash; verifier and token set are sealed in a table of their own. */
@Entity('connect_attempts')
export class ConnectAttempt {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'project_id' }) projectId!: string;
  @Column('text') provider!: string;
  @Column('uuid', { name: 'oauth_app_id' }) oauthAppId!: string;
  @Column('bytea', { name: 'state_hash' }) stateHash!: Buffer;
  /** The credential that started the attempt; no other may read it. */
  @Column('text', { name: 'created_by' }) createdBy!: string;
  /** The public API that started it, which decides the query of the return URL. */
  @Column('text', { default: 'accounts' }) surface!: Surface;
  /** What the caller noted about the use of the account. */
  @Column('text', { name: 'usage_note', nullable: true }) usageNote!: string | null;
  @Column('text', { name: 'redirect_uri' }) redirectUri!: string;
  @Column('text', { name: 'return_url', nullable: true }) returnUrl!: string | null;
  @Column('text', { name: 'user_ref', nullable: true }) userRef!: string | null;
  @Column('text', { array: true }) scopes!: string[];
  @Column('uuid', { name: 'reauth_account_id', nullable: true }) reauthAccountId!: string | null;
  @Column('text', { default: 'pending' }) status!: AttemptStatus;
  @Column('text', { nullable: true }) error!: string | null;
  /** The code with which the platform refused; null where it refused nothing. */
  @Column('text', { name: 'platform_code', nullable: true }) platformCode!: string | null;
  /** Where one consent opens several accounts: all eligible ones, or those that the caller selects. */
  @Column('text', { default: 'all' }) selection!: 'all' | 'manual';
  @Column('jsonb', { nullable: true }) candidates!: Candidate[] | null;
  /** The choice of the app at the start: accounts exist at once, or after the caller's confirmation. */
  @Column('text', { default: 'immediate' }) completion!: Completion;
  /** SHA-256 of the token that the browser brings to the caller's backend. Null before the callback. */
  @Column('bytea', { name: 'connect_token_hash', nullable: true }) connectTokenHash!: Buffer | null;
  /** The profiles that become accounts once the attempt is confirmed. */
  @Column('text', { name: 'chosen_profiles', array: true, nullable: true }) chosenProfiles!: string[] | null;
  /** Known once the platform has identified the person. */
  @Column('text', { name: 'platform_user_id', nullable: true }) platformUserId!: string | null;
  @Column('uuid', { name: 'account_ids', array: true, default: '{}' }) accountIds!: string[];
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at', default: () => "(db_now() + '00:10:00')" }) expiresAt!: Date;
  @Column('timestamptz', { name: 'spent_at', nullable: true }) spentAt!: Date | null;
  /** Drawn from the sequence of that name when the state is spent. A bigint, so a string. */
  @Column('bigint', { name: 'consent_sequence', nullable: true }) consentSequence!: string | null;
  @Column('timestamptz', { name: 'exchanged_at', nullable: true }) exchangedAt!: Date | null;
  /** How many identity checks did not identify the person. */
  @Column('int', { default: 0 }) checks!: number;
  /** When the next identity check is due; null: 30 seconds after the exchange. */
  @Column('timestamptz', { name: 'check_due_at', nullable: true }) checkDueAt!: Date | null;
  /** What the attempt fails with if no later check succeeds. */
  @Column('text', { name: 'check_error', nullable: true }) checkError!: string | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
