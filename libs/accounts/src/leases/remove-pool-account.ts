import { Inject, Injectable } from '@nestjs/common';
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  Database,
  type Environment,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { codeOf } from '#observability';
import type { TokenContext } from '#tokens';
import { poolAccountLeased, poolAccountNotFound } from '../accounts.errors.js';
import { DisconnectAccount } from '../accounts/disconnect-account.js';
import { failAttemptIn } from '../connect/fail-attempt.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';

interface PooledRow extends Tenant {
  id: string;
  accountId: string | null;
  attemptId: string | null;
}

const FIND = `
  select id, workspace_id as "workspaceId", environment, account_id as "accountId", attempt_id as "attemptId"
  from pool_accounts where environment = $1 and id = $2 and removed_at is null`;
const LOCK_ATTEMPT = `select ${ATTEMPT_COLUMNS} from connect_attempts where id = $1 for update`;
const IS_LEASED = 'select 1 from leases where pool_account_id = $1 and ended_at is null';
const REMOVE = 'update pool_accounts set removed_at = db_now() where id = $1 and removed_at is null';
const REMOVE_UNCONNECTED = `${REMOVE} and account_id is null`;

/**
 * Takes an account out of the pool: its tokens are destroyed, and the platform is requested to revoke them, as at a disconnect. The
 * row stays, because former leases refer to it.
 */
@Injectable()
export class RemovePoolAccount {
  constructor(
    private readonly database: Database,
    private readonly disconnectAccount: DisconnectAccount,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws pool_account.not_found and pool_account.leased. */
  async execute(environment: Environment, id: string): Promise<void> {
    const unconnected = await this.find(environment, id);
    if (unconnected.accountId === null && (await this.removeUnconnected(unconnected))) return;
    await this.removeConnected(await this.find(environment, id));
  }

  private async find(environment: Environment, id: string): Promise<PooledRow> {
    const { rows } = await this.database.pool.query<PooledRow>(FIND, [environment, id]);
    if (!rows[0]) throw poolAccountNotFound();
    return rows[0];
  }

  /** Ends the attempt, so that a late consent adds nothing to the pool. False: the account was connected or removed meanwhile. */
  private async removeUnconnected({ id, attemptId }: PooledRow): Promise<boolean> {
    const removed = await transaction(this.database.pool, async (tx) => {
      const [attempt] = (await tx.query<AttemptRow & Record<string, unknown>>(LOCK_ATTEMPT, [attemptId])).rows;
      if ((await tx.query(REMOVE_UNCONNECTED, [id])).rowCount !== 1) return undefined;
      return {
        revocation: attempt && (await failAttemptIn(this.context, tx, attempt, { error: 'access_denied' }))?.revocation,
      };
    });
    this.revokeLater.execute(removed?.revocation);
    return removed !== undefined;
  }

  /** An assignment locks the grant too, before it reads the leases. */
  private async removeConnected({ id, accountId, workspaceId, environment }: PooledRow): Promise<void> {
    if (accountId === null) throw poolAccountNotFound();
    try {
      const alongside = (tx: Tx): Promise<void> => remove(tx, id);
      await this.disconnectAccount.execute({ tenant: { workspaceId, environment }, id: accountId, alongside });
    } catch (error) {
      if (codeOf(error) === 'account.not_found') throw poolAccountNotFound();
      throw error;
    }
  }
}

async function remove(tx: Tx, id: string): Promise<void> {
  if ((await tx.query(IS_LEASED, [id])).rowCount !== 0) throw poolAccountLeased();
  await tx.query(REMOVE, [id]);
}
