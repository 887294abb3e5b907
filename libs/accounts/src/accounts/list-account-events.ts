import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cursors } from '#crypto';
import { Database, type Environment, type Tenant } from '#persistence';
import { cutPage, readPosition } from '../policies/keyset.js';
import { GetAccount } from './get-account.js';

export interface AccountEventRecord {
  id: string;
  type: string;
  createdAt: Date;
  environment: Environment;
  accountId: string;
  sequence: number;
  data: Record<string, unknown>;
}

export interface ListAccountEventsInput {
  tenant: Tenant;
  id: string;
  limit: number;
  cursor?: string;
}

const PAGE = `
  select id, type, created_at as "createdAt", environment, account_id as "accountId", sequence::int, data
  from account_events where account_id = $1 and workspace_id = $2 and environment = $3 and sequence < $4
  order by sequence desc limit $5`;

const AFTER_LAST_SEQUENCE = 2 ** 31 - 1;

/** Lists the history of an account, newest first. */
@Injectable()
export class ListAccountEvents {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly getAccount: GetAccount,
  ) {}

  async execute({
    tenant,
    id,
    limit,
    cursor,
  }: ListAccountEventsInput): Promise<{ items: AccountEventRecord[]; nextCursor: string | null }> {
    await this.getAccount.execute({ tenant, id });
    const scope = ['account_events', tenant.workspaceId, tenant.environment, id];
    const before = readPosition(this.cursors, z.int(), { scope, cursor }) ?? AFTER_LAST_SEQUENCE;
    const { rows } = await this.database.pool.query<AccountEventRecord>(PAGE, [
      id,
      tenant.workspaceId,
      tenant.environment,
      before,
      limit + 1,
    ]);
    const { items, last } = cutPage(rows, limit);
    return { items, nextCursor: last ? this.cursors.write(scope, last.sequence) : null };
  }
}
