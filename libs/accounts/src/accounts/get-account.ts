import { Injectable } from '@nestjs/common';
import { Database, type Tenant, type Tx } from '#persistence';
import { accountNotFound } from '../accounts.errors.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

const READ = `
  select ${ACCOUNT_COLUMNS} from ${ACCOUNT_TABLES}
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3`;

/** Reads one account of a tenant, disconnected ones included. Throws account.not_found. */
@Injectable()
export class GetAccount {
  constructor(private readonly database: Database) {}

  execute(account: { tenant: Tenant; id: string }): Promise<AccountRecord> {
    return readAccount(this.database.pool, account);
  }
}

/** The same in a transaction. */
export async function readAccount(tx: Tx, { tenant, id }: { tenant: Tenant; id: string }): Promise<AccountRecord> {
  const values = [tenant.workspaceId, tenant.environment, id];
  const { rows } = await tx.query<AccountRecord & Record<string, unknown>>(READ, values);
  if (!rows[0]) throw accountNotFound();
  return rows[0];
}
