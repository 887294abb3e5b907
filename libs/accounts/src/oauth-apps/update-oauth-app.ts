import { Injectable } from '@nestjs/common';
import type { Secret } from '#observability';
import {
  changeOAuthApp,
  clearDefaultApp,
  clearMisconfiguration,
  Database,
  lockDefaultApp,
  type OAuthAppChanges,
  recordTenantEvent,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { Vault, wakeGrants, wakeRevocations } from '#tokens';
import { oauthAppNotFound } from '../accounts.errors.js';
import { type AppFields, checkAppFields } from './app-fields.js';
import { GetOAuthApp } from './list-oauth-apps.js';
import type { OAuthAppRecord } from './oauth-app-record.js';

/** Every field but the secret is one that `changeOAuthApp` stores. */
export interface UpdateOAuthAppInput
  extends Omit<OAuthAppChanges, 'scopes' | 'allowedReturnUrls'>, Pick<AppFields, 'scopes' | 'allowedReturnUrls'> {
  tenant: Tenant;
  id: string;
  clientSecret?: Secret;
}

/** Changes an app. With a new secret the app counts as active until the platform refuses it. */
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
        await lockDefaultApp(tx, { ...tenant, provider });
        await clearDefaultApp(tx, { ...tenant, provider });
      }
      if (!(await changeOAuthApp(tx, id, fields))) throw oauthAppNotFound();
      if (fields.clientSecret) await this.rotate(tx, { ...tenant, id }, fields.clientSecret);
    });
    return this.getApp.execute({ tenant, id });
  }

  private async rotate(tx: Tx, app: Tenant & { id: string }, secret: Secret): Promise<void> {
    await this.vault.sealClientSecret(tx, app, secret);
    await wakeGrants(tx, app.id);
    await wakeRevocations(tx, app.id);
    if (!(await clearMisconfiguration(tx, app.id))) return;
    const { workspaceId, environment } = app;
    const data = { oauth_app_id: app.id, status: 'active', reason: null };
    await recordTenantEvent(tx, { workspaceId, environment, type: 'oauth_app.status_changed', data });
  }
}
