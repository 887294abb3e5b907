import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** An event in the history of an account, which is also its audit log. */
@Entity('account_events')
export class AccountEvent {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'account_id' }) accountId!: string;
  @Column('bigint') sequence!: string;
  @Column('text') type!: string;
  @Column('jsonb', { default: {} }) data!: Record<string, unknown>;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
