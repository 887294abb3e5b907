import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Environment } from '../tenant.js';
import type { Completion } from './connect-attempt.entity.js';

/** The customer's own app at a provider; its secret is sealed in a table of its own. */
@Entity('oauth_apps')
export class OAuthApp {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'workspace_id' }) workspaceId!: string;
  @Column('text') environment!: Environment;
  @Column('text') provider!: string;
  @Column('text') name!: string;
  @Column('text', { name: 'client_id' }) clientId!: string;
  @Column('text', { name: 'redirect_uri_style', default: 'provider' }) redirectUriStyle!: 'provider' | 'app';
  @Column('text', { array: true }) scopes!: string[];
  @Column('text', { name: 'allowed_return_urls', array: true, default: '{}' }) allowedReturnUrls!: string[];
  @Column('text', { default: 'immediate' }) completion!: Completion;
  @Column('boolean', { name: 'is_default', default: false }) isDefault!: boolean;
  @Column('text', { default: 'active' }) status!: 'active' | 'paused' | 'misconfigured';
  @Column('text', { name: 'status_reason', nullable: true }) statusReason!: string | null;
  @Column('text', { name: 'status_source', nullable: true }) statusSource!: 'token' | 'api' | null;
  @Column('timestamptz', { name: 'paused_until', nullable: true }) pausedUntil!: Date | null;
  /** Until when one request has the turn to use a secret that the platform has not accepted yet; null: it has. */
  @Column('timestamptz', { name: 'secret_turn_until', nullable: true }) secretTurnUntil!: Date | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'db_now()' }) createdAt!: Date;
}
