import { Injectable } from '@nestjs/common';
import type { Secret } from '#observability';
import {
  changeOAuthApp,
  clearDefaultApp,
  clearMisconfiguration,
  Database,
  expectSecretResult,
  lockDefaultApp,
  type OAuthAppChanges,
  recordTenantEvent,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { providerOf } from '#providers';
import { Vault, wakeGrants, wakeRevocations } from '#tokens';
import { oauthAppNotFound } from '../accounts.errors.js';
import { type AppFields, checkAppFields } from './app-fields.js';
import { ConfirmSecret } from './confirm-secret.js';
import { GetOAuthApp } from './list-oauth-apps.js';
import type { OAuthAppRecord } from './oauth-app-record.js';

/** Every field but the secret is one that `changeOAuthApp` stores. */
export interface UpdateOAuthAppInput
  extends Omit<OAuthAppChanges, 'scopes' | 'allowedReturnUrls'>, Pick<AppFields, 'scopes' | 'allowedReturnUrls'> {
  tenant: Tenant;
  id: string;
  clientSecret?: Secret;
}

/** An app whose secret changes. */
interface ChangedApp extends Tenant {
  id: string;
  provider: string;
}

/** Changes an app. Whether the platform accepts a new secret is found out afterwards, without a wait of the caller. */
@Injectable()
export class UpdateOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly getApp: GetOAuthApp,
    private readonly confirmSecret: ConfirmSecret,
  ) {}

  /** Throws oauth_app.not_found, scopes.invalid and validation.failed. */
  async execute(input: UpdateOAuthAppInput): Promise<OAuthAppRecord> {
    const { tenant, id } = input;
    const fields = checkAppFields(input);
    const { provider } = await this.getApp.execute({ tenant, id });
    const app = { ...tenant, id, provider };
    await transaction(this.database.pool, async (tx) => {
      if (fields.isDefault) {
        await lockDefaultApp(tx, { ...tenant, provider });
        await clearDefaultApp(tx, { ...tenant, provider });
      }
      if (!(await changeOAuthApp(tx, id, fields))) throw oauthAppNotFound();
      if (fields.clientSecret) await this.rotate(tx, app, fields.clientSecret);
    });
    const changed = await this.getApp.execute({ tenant, id });
    if (fields.clientSecret) void this.confirmSecret.begin(id);
    return changed;
  }

  private async rotate(tx: Tx, app: ChangedApp, secret: Secret): Promise<void> {
    await this.vault.sealClientSecret(tx, app, secret);
    await wakeGrants(tx, app.id);
    if (refreshesShowSecret(app)) return expectSecretResult(tx, app.id);
    await wakeRevocations(tx, app.id);
    if (!(await clearMisconfiguration(tx, app.id))) return;
    const { workspaceId, environment } = app;
    const data = { oauth_app_id: app.id, status: 'active', reason: null };
    await recordTenantEvent(tx, { workspaceId, environment, type: 'oauth_app.status_changed', data });
  }
}

/** Where refreshes are sent without the secret, an app with a new one counts as active until the platform refuses it. */
const refreshesShowSecret = ({ provider }: ChangedApp): boolean => !providerOf(provider).refresh.withoutSecret;
