import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

export const HEALTHS = [
  'active',
  'degraded',
  'expiring',
  'missing_permissions',
  'restricted',
  'needs_reauth',
  'disconnected',
] as const;
export type Health = (typeof HEALTHS)[number];

/** `leased`: the grant belongs to the pool of the installation, and the account to the workspace that leases it. */
export const CONNECTION_TYPES = ['oauth', 'manual', 'leased'] as const;
export type ConnectionType = (typeof CONNECTION_TYPES)[number];

/** `unverified`: supplied by a client, and the platform has not accepted it yet; `suspected`: refused once; `permanent`: refused again; `owner` must act; `permission` or role is missing. */
export type ProbeClass = 'unverified' | 'suspected' | 'permanent' | 'owner' | 'permission';

/** The result of the last probe: `ok`, or the class of its failure. `temporary` and `app` prove nothing about the account. */
export type ProbeResult = 'ok' | 'temporary' | 'app' | 'permanent' | 'owner' | 'permission';

/** A connected profile of a platform. */
@Entity('accounts')
export class Account {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'project_id' }) projectId!: string;
  @Column('text') provider!: string;
  @Column('text', { name: 'platform_account_id' }) platformAccountId!: string;
  @Column('uuid', { name: 'grant_id' }) grantId!: string;
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  @Column('text', { name: 'connection_type' }) connectionType!: ConnectionType;
  @Column('text', { nullable: true }) handle!: string | null;
  @Column('text', { name: 'display_name', nullable: true }) displayName!: string | null;
  @Column('text', { name: 'avatar_url', nullable: true }) avatarUrl!: string | null;
  @Column('text', { name: 'missing_scopes', array: true, default: '{}' }) missingScopes!: string[];
  @Column('text') health!: Health;
  @Column('text', { name: 'health_reason', nullable: true }) healthReason!: string | null;
  /** The last change of the health or its reason. */
  @Column('timestamptz', { name: 'health_since', default: () => 'db_now()' }) healthSince!: Date;
  /** When only the person can help. */
  @Column('timestamptz', { name: 'reauth_due_at', nullable: true }) reauthDueAt!: Date | null;
  @Column('jsonb', { default: {} }) metadata!: Record<string, string>;
  @Column('timestamptz', { name: 'connected_at', default: () => 'db_now()' }) connectedAt!: Date;
  /** The account has a token of its own (a Page); the token of its grant only renews it. */
  @Column('boolean', { name: 'own_token', default: false }) ownToken!: boolean;
  @Column('timestamptz', { name: 'last_probed_at', nullable: true }) lastProbedAt!: Date | null;
  @Column('timestamptz', { name: 'probe_due_at', nullable: true }) probeDueAt!: Date | null;
  @Column('text', { name: 'probe_result', nullable: true }) probeResult!: ProbeResult | null;
  /** What the last probes found against the account itself, apart from its grant. */
  @Column('text', { name: 'probe_class', nullable: true }) probeClass!: ProbeClass | null;
  @Column('text', { name: 'probe_reason', nullable: true }) probeReason!: string | null;
  @Column('timestamptz', { name: 'probe_struck_at', nullable: true }) probeStruckAt!: Date | null;
  /** When probes refused access tokens, each issued after the refusal before, oldest first; empty: the last probe was accepted. */
  @Column('timestamptz', { name: 'probe_refused_at', array: true, default: '{}' }) probeRefusedAt!: Date[];
  /** The tokens were supplied, and the platform has yet to name their profile, or has named another one. */
  @Column('boolean', { name: 'profile_unconfirmed', default: false }) profileUnconfirmed!: boolean;
  @Column('timestamptz', { name: 'disconnected_at', nullable: true }) disconnectedAt!: Date | null;
  @Column('text', { name: 'disconnected_reason', nullable: true }) disconnectedReason!: string | null;
  @Column('bigint', { name: 'event_sequence', default: 0 }) eventSequence!: string;
}
