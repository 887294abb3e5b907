import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** An account of the pool that operators fill. `accountId`: of the reserved workspace; null until it is connected. */
@Entity('pool_accounts')
export class PoolAccount {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') provider!: string;
  @Column('uuid', { name: 'account_id', nullable: true }) accountId!: string | null;
  @Column('uuid', { name: 'attempt_id', nullable: true }) attemptId!: string | null;
  @Column('text', { default: 'pending' }) state!: string;
  @Column('jsonb', { default: [] }) steps!: object[];
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'removed_at', nullable: true }) removedAt!: Date | null;
}

/** A project's request for accounts of the pool. */
@Entity('lease_requests')
export class LeaseRequest {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'project_id' }) projectId!: string;
  @Column('text') provider!: string;
  @Column('integer') count!: number;
  @Column('text', { nullable: true }) niche!: string | null;
  @Column('text', { nullable: true }) note!: string | null;
  @Column('text', { default: 'requested' }) status!: string;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  /** Since then it gets no more accounts. */
  @Column('timestamptz', { name: 'closed_at', nullable: true }) closedAt!: Date | null;
}

/** The use of an account of the pool by one workspace, as an account of its own (`accountId`). */
@Entity('leases')
export class Lease {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('uuid', { name: 'request_id' }) requestId!: string;
  @Column('uuid', { name: 'pool_account_id' }) poolAccountId!: string;
  @Column('uuid', { name: 'account_id' }) accountId!: string;
  @Column('timestamptz', { name: 'started_at', default: () => 'db_now()' }) startedAt!: Date;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}
