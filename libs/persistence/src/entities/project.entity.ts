import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

@Entity('projects')
export class Project {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') name!: string;
  @Column('text', { name: 'external_ref', nullable: true }) externalRef!: string | null;
  @Column('boolean', { name: 'is_default', default: false }) isDefault!: boolean;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  /** Accounts that were disconnected before keep their project. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) deletedAt!: Date | null;
}
