import { Inject, Injectable } from '@nestjs/common';
import { Database, markAccountDisconnected, recordEvent, type Tenant, type Tx } from '#persistence';
import type { TokenContext } from '#tokens';
import { accountNotFound } from '../accounts.errors.js';
import type { Disconnection } from '../accounts/disconnect-account.js';
import { type Posts, POSTS, TOKEN_CONTEXT } from '../injection.js';
import { AccountMoved, transactionOnAccount } from '../policies/account-moved.js';

interface LeaseInput {
  tenant: Tenant;
  /** Of the leased account. */
  id: string;
}

/** What its own client did; a disconnect of the client's own accounts is `revoked_by_client`. */
const REASON = 'released_by_partner';

const LOCK_GRANT = `
  select id from grants where id = (
    select grant_id from accounts where workspace_id = $1 and environment = $2 and id = $3) for update`;
const END = `
  update leases set ended_at = db_now() where workspace_id = $1 and environment = $2 and account_id = $3 and ended_at is null`;

/**
 * Ends a lease: the account of the workspace is disconnected with its own history, and the account of the pool can be leased
 * again, under another id. The grant stays as it is, and nothing is revoked at the platform.
 */
@Injectable()
export class ReleaseLease {
  constructor(
    private readonly database: Database,
    @Inject(POSTS) private readonly posts: Posts,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws account.not_found, also for an account that is not leased, or was released. */
  execute(lease: LeaseInput): Promise<Disconnection> {
    return transactionOnAccount(this.database, (tx) => this.release(tx, lease));
  }

  private async release(tx: Tx, { tenant, id }: LeaseInput): Promise<Disconnection> {
    const values = [tenant.workspaceId, tenant.environment, id];
    const [locked] = (await tx.query<{ id: string }>(LOCK_GRANT, values)).rows;
    const { rowCount } = await tx.query(END, values);
    const disconnected = rowCount === 1 ? await markAccountDisconnected(tx, id, REASON) : undefined;
    if (!disconnected) throw accountNotFound();
    const { grantId, disconnectedAt } = disconnected;
    if (grantId !== locked?.id) throw new AccountMoved();
    const canceledPosts = await this.posts.cancelPostsOf(tx, id);
    await recordEvent(tx, { ...tenant, accountId: id, type: 'account.disconnected', data: { reason: REASON } });
    await this.context.vault.shredAccount(tx, id);
    return { disconnectedAt, canceledPosts };
  }
}
