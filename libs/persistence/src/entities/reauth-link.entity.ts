import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** A link that is sent to the person of an account. Its token is stored as a hash. */
@Entity('reauth_links')
export class ReauthLink {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'account_id' }) accountId!: string;
  @Column('bytea', { name: 'token_hash' }) tokenHash!: Buffer;
  /** The credential that created the link. Its attempts have the same creator. */
  @Column('text', { name: 'created_by' }) createdBy!: string;
  @Column('text', { name: 'return_url', nullable: true }) returnUrl!: string | null;
  @Column('text', { array: true, nullable: true }) scopes!: string[] | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
}
