import { Inject, Injectable } from '@nestjs/common';
import { Database, markAccountDisconnected, recordEvent, type Tenant, transaction, type Tx } from '#persistence';
import { retireGrant, type TokenContext } from '#tokens';
import { accountLeased, accountNotFound } from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';

interface AccountInput {
  tenant: Tenant;
  id: string;
}

const FIND = `
  select account.connection_type as "connectionType"
  from accounts account join grants on grants.id = account.grant_id
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3 and account.health <> 'disconnected'
  for update of grants`;

/**
 * Destroys an account's tokens with its connection, in one transaction. What remains is the stored revocation: the platform is
 * asked after the commit, and the caller does not wait for it.
 */
@Injectable()
export class DisconnectAccount {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws account.not_found, also for a disconnected account, and account.leased. */
  async execute({ tenant, id }: AccountInput): Promise<void> {
    this.revokeLater.execute(await transaction(this.database.pool, (tx) => this.disconnect(tx, { tenant, id })));
  }

  private async disconnect(tx: Tx, { tenant, id }: AccountInput): Promise<string | undefined> {
    const { rows } = await tx.query<{ connectionType: string }>(FIND, [tenant.workspaceId, tenant.environment, id]);
    const [account] = rows;
    if (!account) throw accountNotFound();
    if (account.connectionType === 'leased') throw accountLeased();
    // A consent at another app may have moved the account since the query above: the grant that it has now counts.
    const grantId = await markAccountDisconnected(tx, id, 'revoked_by_client');
    if (grantId === undefined) throw accountNotFound();
    await recordEvent(tx, {
      ...tenant,
      accountId: id,
      type: 'account.disconnected',
      data: { reason: 'revoked_by_client' },
    });
    await this.context.vault.shredAccount(tx, id);
    return retireGrant(this.context, tx, grantId);
  }
}
