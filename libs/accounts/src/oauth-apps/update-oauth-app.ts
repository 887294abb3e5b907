import { Injectable } from '@nestjs/common';
import type { Secret } from '#observability';
import { Database, recordTenantEvent, type Tenant, transaction, type Tx } from '#persistence';
import { Vault, wakeGrants } from '#tokens';
import { type AppFields, checkAppFields } from './app-fields.js';
import { lockDefault, vacateDefault } from './default-app.js';
import { GetOAuthApp } from './list-oauth-apps.js';
import type { OAuthAppRecord } from './oauth-app-record.js';

export interface UpdateOAuthAppInput extends AppFields {
  tenant: Tenant;
  id: string;
  name?: string;
  clientSecret?: Secret;
  /** The place of the default can be taken, not left. */
  isDefault?: true;
}

const UPDATE = `
  update oauth_apps set name = coalesce($2, name), scopes = coalesce($3, scopes),
    allowed_return_urls = coalesce($4, allowed_return_urls), is_default = is_default or $5
  where id = $1`;

const CLEAR = `update oauth_apps set status = 'active', status_reason = null, status_source = null, paused_until = null where id = $1 and status = 'misconfigured'`;

/** Changes an app. A new secret is believed until the platform refuses it: the app is no longer misconfigured. */
@Injectable()
export class UpdateOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly getApp: GetOAuthApp,
  ) {}

  /** Throws oauth_app.not_found, scopes.invalid and validation.failed. */
  async execute(input: UpdateOAuthAppInput): Promise<OAuthAppRecord> {
    const { tenant, id } = input;
    const fields = checkAppFields(input);
    const { provider } = await this.getApp.execute({ tenant, id });
    await transaction(this.database.pool, async (tx) => {
      if (fields.isDefault) {
        await lockDefault(tx, { ...tenant, provider });
        await vacateDefault(tx, { ...tenant, provider });
      }
      await tx.query(UPDATE, [
        id,
        fields.name ?? null,
        fields.scopes ?? null,
        fields.allowedReturnUrls ?? null,
        fields.isDefault ?? false,
      ]);
      if (fields.clientSecret) await this.rotate(tx, { ...tenant, id }, fields.clientSecret);
    });
    return this.getApp.execute({ tenant, id });
  }

  private async rotate(tx: Tx, app: Tenant & { id: string }, secret: Secret): Promise<void> {
    await this.vault.sealClientSecret(tx, app, secret);
    await wakeGrants(tx, app.id);
    const { rowCount } = await tx.query(CLEAR, [app.id]);
    if (rowCount !== 1) return;
    await recordTenantEvent(tx, app, 'oauth_app.status_changed', {
      oauth_app_id: app.id,
      status: 'active',
      reason: null,
    });
  }
}
