import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** A deletion that a platform asked for on a person's behalf, and was carried out. Who it was is not kept. */
@Entity('data_deletions')
export class DataDeletion {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'oauth_app_id', nullable: true }) oauthAppId!: string | null;
  /** SHA-256 of the platform's request: the same one that comes again gets the same code. */
  @Column('bytea', { name: 'request_hash' }) requestHash!: Buffer;
  /** With it the person reads that it was done, and nothing else. */
  @Column('text', { name: 'confirmation_code' }) confirmationCode!: string;
  @Column('timestamptz', { name: 'completed_at', default: () => 'db_now()' }) completedAt!: Date;
}
