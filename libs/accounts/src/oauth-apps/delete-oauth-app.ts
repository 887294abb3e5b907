import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  deleteOAuthApp,
  lockDefaultApp,
  restoreDefaultApp,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { checkGrantsOfApp, discardAttemptsOf, keepSecretForRevocations, type TokenContext } from '#tokens';
import { oauthAppInUse, oauthAppNotFound } from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';
import { GetOAuthApp } from './list-oauth-apps.js';

export interface DeleteOAuthAppInput {
  tenant: Tenant;
  id: string;
  /** Deletes an app with connected accounts too; they can no longer be refreshed. */
  force: boolean;
}

const LOCK = 'select 1 from oauth_apps where id = $1 for update';

const IN_USE = `
  select 1 from accounts join grants on grants.id = accounts.grant_id
  where grants.oauth_app_id = $1 and accounts.health <> 'disconnected' limit 1`;

/** Deletes an app with its secret and its open attempts, whose tokens are revoked. Accounts and their tokens stay until they expire. */
@Injectable()
export class DeleteOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly getApp: GetOAuthApp,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws oauth_app.not_found, and oauth_app.in_use where accounts are connected through it, without `force`. */
  async execute({ tenant, id, force }: DeleteOAuthAppInput): Promise<void> {
    const { provider } = await this.getApp.execute({ tenant, id });
    const revocations = await transaction(this.database.pool, async (tx) => {
      await lockDefaultApp(tx, { ...tenant, provider });
      const stored = await this.remove(tx, id, force);
      await restoreDefaultApp(tx, { ...tenant, provider });
      return stored;
    });
    this.revokeLater.execute(...revocations);
  }

  /** Waits for concurrent connects, which lock the app's row, then counts their accounts. */
  private async remove(tx: Tx, id: string, force: boolean): Promise<string[]> {
    // Attempts before the app, in the lock order of a transaction that finishes an attempt.
    const revocations = await discardAttemptsOf(this.context, tx, id);
    const { rowCount } = await tx.query(LOCK, [id]);
    if (rowCount === 0) throw oauthAppNotFound();
    const { rows } = await tx.query(IN_USE, [id]);
    if (rows.length > 0 && !force) throw oauthAppInUse();
    await keepSecretForRevocations(this.context, tx, id);
    await checkGrantsOfApp(tx, id);
    await deleteOAuthApp(tx, id);
    return revocations;
  }
}
