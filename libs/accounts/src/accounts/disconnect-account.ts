import { Inject, Injectable } from '@nestjs/common';
import { Database, markAccountDisconnected, recordEvent, type Tenant, type Tx } from '#persistence';
import { retireGrant, type TokenContext } from '#tokens';
import { accountLeased, accountNotFound } from '../accounts.errors.js';
import { type Posts, POSTS, TOKEN_CONTEXT } from '../injection.js';
import { AccountMoved, transactionOnAccount } from '../policies/account-moved.js';
import { RevokeLater } from '../revoke-later.js';

interface AccountInput {
  tenant: Tenant;
  id: string;
  /** Runs in the transaction, which holds the grant. */
  alongside?: (tx: Tx) => Promise<void>;
}

export interface Disconnection {
  disconnectedAt: Date;
  canceledPosts: number;
}

const FIND = `
  select account.connection_type as "connectionType", grants.id as "grantId"
  from accounts account join grants on grants.id = account.grant_id
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3 and account.health <> 'disconnected'
  for update of grants`;

/**
 * Destroys an account's tokens with its connection, in one transaction. What remains is the stored revocation: the platform is
 * called after the commit, and the caller does not wait for it.
 */
@Injectable()
export class DisconnectAccount {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(POSTS) private readonly posts: Posts,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws account.not_found, also for a disconnected account, and account.leased. */
  async execute(account: AccountInput): Promise<Disconnection> {
    const { revocation, ...disconnection } = await transactionOnAccount(this.database, (tx) =>
      this.disconnect(tx, account),
    );
    this.revokeLater.execute(revocation);
    return disconnection;
  }

  private async disconnect(
    tx: Tx,
    { tenant, id, alongside }: AccountInput,
  ): Promise<Disconnection & { revocation: string | undefined }> {
    const { rows } = await tx.query<{ connectionType: string; grantId: string }>(FIND, [
      tenant.workspaceId,
      tenant.environment,
      id,
    ]);
    const [account] = rows;
    if (!account) throw accountNotFound();
    if (account.connectionType === 'leased') throw accountLeased();
    const disconnected = await markAccountDisconnected(tx, id, 'revoked_by_client');
    if (!disconnected) throw accountNotFound();
    const { grantId, disconnectedAt } = disconnected;
    if (grantId !== account.grantId) throw new AccountMoved();
    const canceledPosts = await this.posts.cancelPostsOf(tx, id);
    await recordEvent(tx, {
      ...tenant,
      accountId: id,
      type: 'account.disconnected',
      data: { reason: 'revoked_by_client' },
    });
    await this.context.vault.shredAccount(tx, id);
    await alongside?.(tx);
    return { disconnectedAt, canceledPosts, revocation: await retireGrant(this.context, tx, grantId) };
  }
}
