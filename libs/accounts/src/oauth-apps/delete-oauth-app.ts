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
  /** Also when accounts are connected through it; nothing can refresh them then. */
  force: boolean;
}

const LOCK = 'select 1 from oauth_apps where id = $1 for update';

const IN_USE = `
  select 1 from accounts join grants on grants.id = accounts.grant_id
  where grants.oauth_app_id = $1 and accounts.health <> 'disconnected' limit 1`;

/** Deletes an app with its secret and its open attempts, whose tokens are revoked. Accounts stay, and their tokens until they end. */
@Injectable()
export class DeleteOAuthApp {
  constructor(
    private readonly database: Database,
    private readonly getApp: GetOAuthApp,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws oauth_app.not_found, and oauth_app.in_use where accounts are connected through it and `force` is not said. */
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

  /** A transaction that stores an account through the app holds its row: it is waited for, and its account is counted. */
  private async remove(tx: Tx, id: string, force: boolean): Promise<string[]> {
    // Before the app: a transaction that finishes an attempt locks in this order too.
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
