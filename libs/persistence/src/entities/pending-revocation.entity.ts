import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** A revocation that the platform has not answered yet. Its tokens are sealed in a table of their own. */
@Entity('pending_revocations')
export class PendingRevocation {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') provider!: string;
  /** Null: the app was deleted. Its secret is sealed with the tokens then. */
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  @Column('text', { name: 'client_id' }) clientId!: string;
  /** Null: the platform did not answer whose the tokens are. */
  @Column('text', { name: 'platform_user_id', nullable: true }) platformUserId!: string | null;
  @Column('int', { default: 0 }) tries!: number;
  /** Why it is still pending; null: not tried yet, or a try is under way. */
  @Column('text', { name: 'last_outcome', nullable: true }) lastOutcome!: string | null;
  @Column('timestamptz', { name: 'due_at', default: () => 'db_now()' }) dueAt!: Date;
  /** From then on it is not tried, and its tokens are destroyed. */
  @Column('timestamptz', { name: 'ends_at' }) endsAt!: Date;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
