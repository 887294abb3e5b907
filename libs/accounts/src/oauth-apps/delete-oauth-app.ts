import { Inject, Injectable } from '@nestjs/common';
import { Database, deleteOAuthApp, lockDefaultApp, restoreDefaultApp, type Tenant, type Tx } from '#persistence';
import {
  checkGrantsOfApp,
  discardAttemptsOf,
  keepSecretForRevocations,
  lockGrantsOfApp,
  type TokenContext,
} from '#tokens';
import { oauthAppInUse, oauthAppNotFound } from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { AccountMoved, transactionOnAccount } from '../policies/account-moved.js';
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
    const revocations = await transactionOnAccount(this.database, async (tx) => {
      await lockDefaultApp(tx, { ...tenant, provider });
      const stored = await this.remove(tx, id, force);
      await restoreDefaultApp(tx, { ...tenant, provider });
      return stored;
    });
    this.revokeLater.execute(...revocations);
  }

  /**
   * Waits for concurrent connects, which lock the app's row, then counts their accounts. Attempts and grants are locked before the
   * app, as by a transaction that finishes an attempt or changes the health of an account.
   */
  private async remove(tx: Tx, id: string, force: boolean): Promise<string[]> {
    if (!force) await checkUnused(tx, id);
    const revocations = await discardAttemptsOf(this.context, tx, id);
    if (!(await lockGrantsOfApp(tx, id, () => lockApp(tx, id)))) throw new AccountMoved();
    if (!force) await checkUnused(tx, id);
    await keepSecretForRevocations(this.context, tx, id);
    await checkGrantsOfApp(tx, id);
    await deleteOAuthApp(tx, id);
    return revocations;
  }
}

async function lockApp(tx: Tx, id: string): Promise<void> {
  const { rowCount } = await tx.query(LOCK, [id]);
  if (rowCount === 0) throw oauthAppNotFound();
}

async function checkUnused(tx: Tx, id: string): Promise<void> {
  const { rowCount } = await tx.query(IN_USE, [id]);
  if (rowCount !== 0) throw oauthAppInUse();
}
