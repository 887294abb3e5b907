import { Injectable } from '@nestjs/common';
import { Database, Gathered, type Tenant, type Tx } from '#persistence';
import { accountNotFound } from '../accounts.errors.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

/** The tenant of each account stands beside its id: one statement may serve several tenants. */
const READ = `
  select ${ACCOUNT_COLUMNS}, requested.n::int as n
  from unnest($1::uuid[], $2::text[], $3::uuid[]) with ordinality as requested (workspace_id, environment, id, n), ${ACCOUNT_TABLES}
  where account.workspace_id = requested.workspace_id and account.environment = requested.environment and account.id = requested.id`;

interface TenantAccount {
  tenant: Tenant;
  id: string;
}

/** Reads one account of a tenant, disconnected ones included. Throws account.not_found. */
@Injectable()
export class GetAccount {
  readonly #records: Gathered<TenantAccount, AccountRecord | undefined>;

  constructor(database: Database) {
    this.#records = new Gathered((accounts) => readAll(database.pool, accounts), database.pool);
  }

  async execute(account: TenantAccount): Promise<AccountRecord> {
    return existing(await this.#records.load(account));
  }
}

/** The same in a transaction. */
export async function readAccount(tx: Tx, account: TenantAccount): Promise<AccountRecord> {
  return existing((await readAll(tx, [account]))[0]);
}

async function readAll(tx: Tx, accounts: readonly TenantAccount[]): Promise<(AccountRecord | undefined)[]> {
  const { rows } = await tx.query<AccountRecord & { n: number }>(READ, [
    accounts.map(({ tenant }) => tenant.workspaceId),
    accounts.map(({ tenant }) => tenant.environment),
    accounts.map(({ id }) => id),
  ]);
  const found = accounts.map((): AccountRecord | undefined => undefined);
  for (const { n, ...record } of rows) found[n - 1] = record;
  return found;
}

function existing(record: AccountRecord | undefined): AccountRecord {
  if (!record) throw accountNotFound();
  return record;
}
