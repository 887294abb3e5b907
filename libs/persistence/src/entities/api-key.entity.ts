import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';

/** Requests per minute, by class. */
export interface RateLimits {
  read?: number;
  write?: number;
  heavy?: number;
}

@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') name!: string;
  /** SHA-256 of the key; the key itself is not stored. */
  @Column('bytea', { name: 'key_hash', select: false }) keyHash!: Buffer;
  @Column('text', { name: 'key_prefix' }) keyPrefix!: string;
  @Column('text', { array: true }) scopes!: string[];
  @Column('text', { name: 'return_hosts', array: true, default: '{}' }) returnHosts!: string[];
  @Column('jsonb', { name: 'rate_limits', nullable: true }) rateLimits!: RateLimits | null;
  /** The key that created this one; null: a dashboard token did, or it is unknown. */
  @Column('uuid', { name: 'created_by', nullable: true }) createdBy!: string | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
