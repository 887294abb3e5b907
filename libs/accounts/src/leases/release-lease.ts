import { Inject, Injectable } from '@nestjs/common';
import { Database, type Environment, markAccountDisconnected, recordEvent, type Tenant, type Tx } from '#persistence';
import type { TokenContext } from '#tokens';
import { accountNotFound, poolAccountNotLeased } from '../accounts.errors.js';
import type { Disconnection } from '../accounts/disconnect-account.js';
import { type Posts, POSTS, TOKEN_CONTEXT } from '../injection.js';
import { AccountMoved, transactionOnAccount } from '../policies/account-moved.js';
import { type PoolAccountRecord, readPoolAccount } from './pool-accounts.js';

interface LeasedAccount {
  tenant: Tenant;
  /** Of the leased account. */
  id: string;
}

interface EndLeaseInput {
  environment: Environment;
  poolAccountId: string;
  /** For the project. */
  note?: string | undefined;
}

export interface EndedLease extends Disconnection {
  /** As it is in the pool again. */
  account: PoolAccountRecord;
}

/** The reason and a note for the project. A disconnect of the client's own accounts has the reason `revoked_by_client`. */
interface LeaseEnd {
  reason: 'released_by_partner' | 'ended_by_operator';
  note?: string | undefined;
}

const FIND_LEASE = `
  select workspace_id as "workspaceId", environment, account_id as id from leases
  where environment = $1 and pool_account_id = $2 and ended_at is null`;
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

  /** By its project. Throws account.not_found, also for an account that is not leased, or was released. */
  execute(leased: LeasedAccount): Promise<Disconnection> {
    return transactionOnAccount(this.database, async (tx) => {
      const ended = await this.end(tx, leased, { reason: 'released_by_partner' });
      if (!ended) throw accountNotFound();
      return ended;
    });
  }

  /** By an operator. Throws pool_account.not_found and pool_account.not_leased. */
  executeForOperator({ environment, poolAccountId, note }: EndLeaseInput): Promise<EndedLease> {
    return transactionOnAccount(this.database, async (tx) => {
      await readPoolAccount(tx, environment, poolAccountId);
      const [lease] = (
        await tx.query<Tenant & { id: string } & Record<string, unknown>>(FIND_LEASE, [environment, poolAccountId])
      ).rows;
      const ended =
        lease && (await this.end(tx, { tenant: lease, id: lease.id }, { reason: 'ended_by_operator', note }));
      if (!ended) throw poolAccountNotLeased();
      return { ...ended, account: await readPoolAccount(tx, environment, poolAccountId) };
    });
  }

  /** Undefined: the lease has ended already. */
  private async end(
    tx: Tx,
    { tenant, id }: LeasedAccount,
    { reason, note }: LeaseEnd,
  ): Promise<Disconnection | undefined> {
    const values = [tenant.workspaceId, tenant.environment, id];
    const [locked] = (await tx.query<{ id: string }>(LOCK_GRANT, values)).rows;
    const { rowCount } = await tx.query(END, values);
    const disconnected = rowCount === 1 ? await markAccountDisconnected(tx, id, reason) : undefined;
    if (!disconnected) return undefined;
    const { grantId, disconnectedAt } = disconnected;
    if (grantId !== locked?.id) throw new AccountMoved();
    const canceledPosts = await this.posts.cancelPostsOf(tx, id);
    const { workspaceId, environment } = tenant;
    const data = { reason, ...(note !== undefined && { note }) };
    await recordEvent(tx, { workspaceId, environment, accountId: id, type: 'account.disconnected', data });
    await this.context.vault.shredAccount(tx, id);
    return { disconnectedAt, canceledPosts };
  }
}
