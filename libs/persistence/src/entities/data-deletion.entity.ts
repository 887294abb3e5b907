import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** A data deletion that a platform requested and that is done. The person is not stored. */
@Entity('data_deletions')
export class DataDeletion {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  /** SHA-256 of the platform's request: a repeated request gets the same code. */
  @Column('bytea', { name: 'request_hash' }) requestHash!: Buffer;
  /** Shows the person that the deletion is done, and nothing else. */
  @Column('text', { name: 'confirmation_code' }) confirmationCode!: string;
  @Column('timestamptz', { name: 'completed_at', default: () => 'db_now()' }) completedAt!: Date;
}
