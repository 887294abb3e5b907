import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cursors } from '#crypto';
import { Database, type Tenant } from '#persistence';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';
import {
  accountCondition,
  type AccountFilters,
  type Condition,
  isCountKept,
  keptCount,
  newestInIndex,
  newestOfCells,
  type PageSource,
  pageSourceOf,
} from './account-filters.js';
import {
  FEW_TEXTS,
  isAlone,
  isIndexBetter,
  matchesInIndex,
  matchesInTexts,
  mayUseIndex,
  newestMatches,
  type Sample,
  sampleStatement,
} from './account-search.js';
import { ACCOUNT_COLUMNS, ACCOUNT_GRANT, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';

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

/** With the count of the first page, and whether its search uses the index. */
const positionSchema = keysetPosition.extend({
  total: z.int(),
  capped: z.boolean(),
  isIndexed: z.boolean().optional(),
});
type Position = z.infer<typeof positionSchema>;

/** What a cursor is bound to. */
function scopeOf({ tenant, filters, sort = 'connected_at' }: ListAccountsInput): unknown[] {
  return ['accounts', tenant.workspaceId, tenant.environment, filters, ...(sort === 'connected_at' ? [] : [sort])];
}

const MAX_COUNTED = 10_000;
const UNCOUNTED: Total = { total: 0, capped: false };

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
  /** SQL of the number of all rows, in the snapshot of the page; empty: it is not read. */
  total: string;
  source: PageSource | 'search';
}

interface Total {
  total: number;
  capped: boolean;
  /** Of a search: its rows come from the index. */
  isIndexed?: boolean | undefined;
}

type Row = AccountRecord & { at: string; total?: number };

const sourceOf = ({ sort = 'connected_at', filters }: ListAccountsInput): PageSource =>
  sort === 'connected_at' ? pageSourceOf(filters) : 'order';

const IDS = { index: newestInIndex, cells: newestOfCells, search: newestMatches };
const ACCOUNTS_OF_PAGE = `accounts account on account.id = page.id ${ACCOUNT_GRANT}`;

function statementOf(condition: Condition, { sort, from, total, source }: PageRequest): string {
  const { column, direction, next, only } = ORDERS[sort];
  const n = condition.values.length + 1;
  const after = from ? `and (${column}, account.id) ${next} ($${n + 1}, $${n + 2})` : '';
  const [rows, where] =
    source === 'order'
      ? [ACCOUNT_TABLES, `${condition.sql} ${only} ${after}`]
      : [`(${IDS[source](condition, after, n)}) as page join ${ACCOUNTS_OF_PAGE}`, 'true'];
  return `select ${ACCOUNT_COLUMNS}, ${keysetTime(column)} as at ${total && `, ${total} as total`} from ${rows}
    where ${where} order by ${column} ${direction}, account.id ${direction} limit $${n}`;
}

/** Without a row on its first page, a list is empty. */
const totalOf = ([first]: readonly Row[]): Total => ({ total: first?.total ?? 0, capped: false });

/** Lists accounts, newest first or by the next reauthorization. Counts once, for the first page. */
@Injectable()
export class ListAccounts {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  async execute(input: ListAccountsInput): Promise<AccountPage> {
    const { tenant, filters, sort = 'connected_at', limit, cursor } = input;
    const scope = scopeOf(input);
    const condition = accountCondition(tenant, filters);
    const from = readPosition(this.cursors, positionSchema, { scope, cursor });
    const known = from ?? (await this.countBefore(condition, sort, input));
    const kept = known ? '' : keptCount(condition, { isReauthDue: sort === 'reauth_due_at' });
    const source = known?.isIndexed ? 'search' : sourceOf(input);
    const rows = await this.page(condition, { sort, limit: limit + 1, from, total: kept, source });
    const { total, capped, isIndexed } = known ?? totalOf(rows);
    const { items, last } = cutPage(rows, limit);
    const nextCursor = last
      ? this.cursors.write(scope, { at: last.at, id: last.id, total, capped, isIndexed } satisfies Position)
      : null;
    return { items, nextCursor, total, totalCapped: capped };
  }

  private async page(condition: Condition, request: PageRequest): Promise<Row[]> {
    const { limit, from } = request;
    const values = [...condition.values, limit, ...(from ? [from.at, from.id] : [])];
    const { rows } = await this.database.pool.query<Row>(statementOf(condition, request), values);
    return rows;
  }

  /** The count of a first page whose filters the kept counts do not answer; undefined: they do. */
  private async countBefore(
    condition: Condition,
    sort: AccountSort,
    { tenant, filters, isCounted = true }: ListAccountsInput,
  ): Promise<Total | undefined> {
    if (!isCounted) return UNCOUNTED;
    if (isCountKept(filters)) return undefined;
    const isIndexed = sort === 'connected_at' && (await this.usesIndex(tenant, filters, condition));
    const counted = await this.countCapped(
      isIndexed ? matchesInIndex(condition, filters) : await this.matches(condition, sort, filters),
      condition.values,
    );
    return { ...counted, isIndexed: (isIndexed && !counted.capped) || undefined };
  }

  /** A statement with one row for each match of filters for which the trigram index is not used. */
  private async matches(condition: Condition, sort: AccountSort, filters: AccountFilters): Promise<string> {
    if (sort === 'connected_at' && filters.q !== undefined && isAlone(filters)) {
      const { rows } = await this.database.pool.query<{ areFew: boolean }>(FEW_TEXTS);
      if (rows[0]?.areFew) return matchesInTexts(condition);
    }
    return `select 1 from accounts account where ${condition.sql} ${ORDERS[sort].only}`;
  }

  private async countCapped(matches: string, values: unknown[]): Promise<Total> {
    const { rows } = await this.database.pool.query<{ total: number }>(
      `select count(*)::int as total from (${matches} limit ${MAX_COUNTED + 1}) as counted`,
      values,
    );
    const total = rows[0]?.total ?? 0;
    return { total: Math.min(total, MAX_COUNTED), capped: total > MAX_COUNTED };
  }

  private async usesIndex(tenant: Tenant, filters: AccountFilters, { values }: Condition): Promise<boolean> {
    if (!mayUseIndex(filters)) return false;
    const { rows } = await this.database.pool.query<Sample>(sampleStatement(tenant, filters), values);
    return rows[0] !== undefined && isIndexBetter(rows[0]);
  }
}
