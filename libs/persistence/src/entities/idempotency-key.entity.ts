import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** A request that may be repeated, with its answer once there is one. */
@Entity('idempotency_keys')
export class IdempotencyKey {
  /** The claim: a request that takes over an abandoned key gives it a new id. */
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') credential!: string;
  @Column('text') method!: string;
  @Column('text') path!: string;
  @Column('text') key!: string;
  /** SHA-256 of the body; the body itself may hold secrets. */
  @Column('bytea', { name: 'body_hash' }) bodyHash!: Buffer;
  @Column('text', { default: 'running' }) state!: 'running' | 'done';
  @Column('integer', { nullable: true }) status!: number | null;
  /** JSON; null in a `done` row: the answer held a secret. */
  @Column('text', { nullable: true }) answer!: string | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
