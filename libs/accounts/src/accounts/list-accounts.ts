import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cursors } from '#crypto';
import { Database, type Tenant } from '#persistence';
import { invalidCursor } from '../accounts.errors.js';
import { accountCondition, type AccountFilters, type Condition } from './account-filters.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

export interface ListAccountsInput {
  tenant: Tenant;
  filters: AccountFilters;
  limit: number;
  cursor?: string;
}

export interface AccountPage {
  items: AccountRecord[];
  nextCursor: string | null;
  total: number;
  /** The count of a search stops at ten thousand. */
  totalCapped: boolean;
}

/** The last row of a page, to the microsecond, and the count of the first page. */
const positionSchema = z.object({ at: z.iso.datetime(), id: z.uuid(), total: z.int(), capped: z.boolean() });
type Position = z.infer<typeof positionSchema>;

const MAX_COUNTED = 10_000;
const AT = `to_char(account.connected_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Lists accounts, newest first, by keyset: every page costs the same. Counts once, for the first page. */
@Injectable()
export class ListAccounts {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  async execute({ tenant, filters, limit, cursor }: ListAccountsInput): Promise<AccountPage> {
    const scope = ['accounts', tenant.workspaceId, tenant.environment, filters];
    const condition = accountCondition(tenant, filters);
    const from = cursor === undefined ? undefined : this.readPosition(scope, cursor);
    const rows = await this.page(condition, limit + 1, from);
    const { total, capped } = from ?? (await this.count(condition, filters.q !== undefined));
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    const nextCursor = last
      ? this.cursors.write(scope, { at: last.at, id: last.id, total, capped } satisfies Position)
      : null;
    return { items, nextCursor, total, totalCapped: capped };
  }

  private readPosition(scope: unknown, cursor: string): Position {
    const position = positionSchema.safeParse(this.cursors.read(scope, cursor));
    if (!position.success) throw invalidCursor();
    return position.data;
  }

  private async page(
    { sql, values }: Condition,
    limit: number,
    from?: Position,
  ): Promise<(AccountRecord & { at: string })[]> {
    const n = values.length;
    const after = from ? `and (account.connected_at, account.id) < ($${n + 2}, $${n + 3})` : '';
    const { rows } = await this.database.pool.query<AccountRecord & { at: string }>(
      `select ${ACCOUNT_COLUMNS}, ${AT} as at from ${ACCOUNT_TABLES}
       where ${sql} ${after} order by account.connected_at desc, account.id desc limit $${n + 1}`,
      [...values, limit, ...(from ? [from.at, from.id] : [])],
    );
    return rows;
  }

  private async count({ sql, values }: Condition, capped: boolean): Promise<{ total: number; capped: boolean }> {
    const counted = `select 1 from accounts account where ${sql} ${capped ? `limit ${MAX_COUNTED + 1}` : ''}`;
    const { rows } = await this.database.pool.query<{ total: number }>(
      `select count(*)::int as total from (${counted}) as counted`,
      values,
    );
    const total = rows[0]?.total ?? 0;
    return capped && total > MAX_COUNTED ? { total: MAX_COUNTED, capped: true } : { total, capped: false };
  }
}
