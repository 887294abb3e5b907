import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cursors } from '#crypto';
import { Database, type Tenant } from '#persistence';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';
import { accountCondition, type AccountFilters, type Condition } from './account-filters.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

export interface ListAccountsInput {
  tenant: Tenant;
  filters: AccountFilters;
  /** Default: `connected_at`. */
  sort?: AccountSort;
  limit: number;
  cursor?: string;
  /** Default: true. Without it `total` is 0, and the accounts are not counted. */
  isCounted?: boolean;
}

export const ACCOUNT_SORTS = ['connected_at', 'reauth_due_at'] as const;
export type AccountSort = (typeof ACCOUNT_SORTS)[number];

export interface AccountPage {
  items: AccountRecord[];
  nextCursor: string | null;
  total: number;
  /** The count of a search, or of accounts by their reauthorization, stops at ten thousand. */
  totalCapped: boolean;
}

/** With the count of the first page. */
const positionSchema = keysetPosition.extend({ total: z.int(), capped: z.boolean() });
type Position = z.infer<typeof positionSchema>;

/** What a cursor is bound to. */
function scopeOf({ tenant, filters, sort = 'connected_at' }: ListAccountsInput): unknown[] {
  return ['accounts', tenant.workspaceId, tenant.environment, filters, ...(sort === 'connected_at' ? [] : [sort])];
}

const MAX_COUNTED = 10_000;
const UNCOUNTED = { total: 0, capped: false };

/** Both orders are keysets with an index: every page costs the same. */
const ORDERS = {
  connected_at: { column: 'account.connected_at', direction: 'desc', next: '<', only: '' },
  reauth_due_at: {
    column: 'account.reauth_due_at',
    direction: 'asc',
    next: '>',
    only: 'and account.reauth_due_at is not null',
  },
} satisfies Record<AccountSort, { column: string; direction: string; next: string; only: string }>;

/** Where a page begins, and in which order. */
interface PageRequest {
  sort: AccountSort;
  /** Rows. */
  limit: number;
  from: Position | undefined;
}

/** Lists accounts, newest first or by the next reauthorization. Counts once, for the first page. */
@Injectable()
export class ListAccounts {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  async execute(input: ListAccountsInput): Promise<AccountPage> {
    const { tenant, filters, sort = 'connected_at', limit, cursor, isCounted = true } = input;
    const scope = scopeOf(input);
    const condition = accountCondition(tenant, filters);
    const from = readPosition(this.cursors, positionSchema, { scope, cursor });
    const rows = await this.page(condition, { sort, limit: limit + 1, from });
    const { total, capped } = from ?? (isCounted ? await this.count(condition, sort, filters) : UNCOUNTED);
    const { items, last } = cutPage(rows, limit);
    const nextCursor = last
      ? this.cursors.write(scope, { at: last.at, id: last.id, total, capped } satisfies Position)
      : null;
    return { items, nextCursor, total, totalCapped: capped };
  }

  private async page(
    { sql, values }: Condition,
    { sort, limit, from }: PageRequest,
  ): Promise<(AccountRecord & { at: string })[]> {
    const n = values.length;
    const { column, direction, next, only } = ORDERS[sort];
    const after = from ? `and (${column}, account.id) ${next} ($${n + 2}, $${n + 3})` : '';
    const { rows } = await this.database.pool.query<AccountRecord & { at: string }>(
      `select ${ACCOUNT_COLUMNS}, ${keysetTime(column)} as at from ${ACCOUNT_TABLES}
       where ${sql} ${only} ${after} order by ${column} ${direction}, account.id ${direction} limit $${n + 1}`,
      [...values, limit, ...(from ? [from.at, from.id] : [])],
    );
    return rows;
  }

  private async count(
    { sql, values }: Condition,
    sort: AccountSort,
    { q, reauthDueBefore }: AccountFilters,
  ): Promise<{ total: number; capped: boolean }> {
    const capped = q !== undefined || reauthDueBefore !== undefined;
    const most = capped ? `limit ${MAX_COUNTED + 1}` : '';
    const counted = `select 1 from accounts account where ${sql} ${ORDERS[sort].only} ${most}`;
    const { rows } = await this.database.pool.query<{ total: number }>(
      `select count(*)::int as total from (${counted}) as counted`,
      values,
    );
    const total = rows[0]?.total ?? 0;
    return capped && total > MAX_COUNTED ? { total: MAX_COUNTED, capped: true } : { total, capped: false };
  }
}
