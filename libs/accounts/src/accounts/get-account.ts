import { Injectable } from '@nestjs/common';
import { Database, type Tenant } from '#persistence';
import { accountNotFound } from '../accounts.errors.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

const READ = `
  select ${ACCOUNT_COLUMNS} from ${ACCOUNT_TABLES}
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3`;

/** Reads one account of a tenant, disconnected ones included. Throws account.not_found. */
@Injectable()
export class GetAccount {
  constructor(private readonly database: Database) {}

  async execute({ tenant, id }: { tenant: Tenant; id: string }): Promise<AccountRecord> {
    const { rows } = await this.database.pool.query<AccountRecord>(READ, [tenant.workspaceId, tenant.environment, id]);
    if (!rows[0]) throw accountNotFound();
    return rows[0];
  }
}
