import type { ConnectionType, Health, Tenant } from '#persistence';

export interface AccountFilters {
  provider?: string;
  /** Default: every health but `disconnected`. */
  health?: Health;
  /**
   * One of several, as a status of the projects surface covers them; not beside `health`. One value is an equality, which lets an
   * index deliver the order of a page, and cursors that clients hold are bound to it by name.
   */
  healths?: readonly Health[];
  connectionType?: ConnectionType;
  isLeased?: boolean;
  projectId?: string;
  /** A case-insensitive substring of handle, display name or a metadata value. */
  q?: string;
  reauthDueBefore?: Date;
}

/** A where clause and its values: the tenant first, then the filters. */
export interface Condition {
  sql: string;
  /** The cells of `account_counts` in which the accounts are counted that the filters match. A search and a time are no cells. */
  cells: string;
  values: unknown[];
}

/** `%` and `_` in a search are ordinary characters. */
const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** @param n the number of the parameter */
export const searchClause = (n: number): string => `(account.handle ilike $${n} or account.display_name ilike $${n}
  or exists (select 1 from jsonb_each_text(account.metadata) as entry where entry.value ilike $${n}))`;

/** Stands for all projects in `account_counts`. */
const ALL_PROJECTS = `'00000000-0000-0000-0000-000000000000'`;

export function accountCondition(tenant: Tenant, filters: AccountFilters): Condition {
  const values: unknown[] = [tenant.workspaceId, tenant.environment];
  const shared = ['row.workspace_id = $1', 'row.environment = $2'];
  const [accounts, cells]: [string[], string[]] = [[], []];
  const add = (value: unknown, clauses: string[], clause: (n: number) => string): void => {
    if (value !== undefined) clauses.push(clause(values.push(value)));
  };
  if (filters.health === undefined && filters.healths === undefined) shared.push(`row.health <> 'disconnected'`);
  add(filters.health, shared, (n) => `row.health = $${n}`);
  add(filters.healths, shared, (n) => `row.health = any($${n})`);
  add(filters.isLeased, shared, (n) => `(row.connection_type = 'leased') = $${n}`);
  add(filters.provider, shared, (n) => `row.provider = $${n}`);
  add(filters.connectionType, shared, (n) => `row.connection_type = $${n}`);
  add(filters.projectId, shared, (n) => `row.project_id = $${n}`);
  add(filters.reauthDueBefore, accounts, (n) => `account.reauth_due_at < $${n}`);
  add(filters.q === undefined ? undefined : `%${escapeLike(filters.q)}%`, accounts, searchClause);
  if (filters.projectId === undefined) cells.push(`cell.project_id = ${ALL_PROJECTS}`);
  if (filters.reauthDueBefore !== undefined) cells.push('cell.has_reauth_due');
  const of = (table: string, own: string[]): string =>
    [...shared.map((clause) => clause.replace('row.', `${table}.`)), ...own].join(' and ');
  return { sql: of('account', accounts), cells: of('cell', cells), values };
}

/** Whether the counts of the database answer these filters. */
export const isCountKept = ({ q, reauthDueBefore }: AccountFilters): boolean =>
  q === undefined && reauthDueBefore === undefined;

/** The number of accounts that the filters match, as a part of a statement with the values of their condition. */
export const keptCount = ({ cells }: Condition, only: { isReauthDue: boolean }): string =>
  `(select coalesce(sum(cell.accounts), 0)::int from account_counts cell
    where ${cells} ${only.isReauthDue ? 'and cell.has_reauth_due' : ''})`;

/**
 * How a page of the newest accounts is found without reading rows that do not match. `order`: an index has the accounts of the
 * filter in the order of the page, as it does for one filter but the connection type; a search that matches many reads the newest accounts.
 * `index`: the condition is checked in such an index alone. `cells`: each cell of the filters has its own part of an index.
 */
export type PageSource = 'order' | 'index' | 'cells';

export function pageSourceOf({ q, reauthDueBefore, ...filters }: AccountFilters): PageSource {
  if (q !== undefined) return 'order';
  const given = Object.entries({ ...filters }).filter(([, value]) => (value as unknown) !== undefined);
  const [[name] = []] = given;
  if (given.length > 1 || name === 'connectionType' || name === 'isLeased') return 'cells';
  if (reauthDueBefore === undefined) return 'order';
  return name === undefined ? 'index' : 'cells';
}

/** The ids of the newest accounts, where an index has all that the condition reads. */
export const newestInIndex = ({ sql }: Condition, after: string, limit: number): string =>
  `select account.id from accounts account where ${sql} ${after}
   order by account.connected_at desc, account.id desc limit $${limit}`;

/**
 * The ids of the newest accounts of the filters' cells, one index scan for each cell. Each scan reads the index alone, and
 * only what matches: an index with the cells of all projects, and one with those of each project.
 * @param after the clause of the position
 * @param limit the number of the parameter
 */
export const newestOfCells = ({ sql, cells }: Condition, after: string, limit: number): string => `select newest.id from
    (select distinct cell.provider, cell.health, cell.connection_type from account_counts cell where ${cells}) as cell
    cross join lateral (select account.id, account.connected_at from accounts account
      where ${sql} and account.provider = cell.provider and account.health = cell.health
        and account.connection_type = cell.connection_type ${after}
      order by account.connected_at desc, account.id desc limit $${limit}) as newest
  order by newest.connected_at desc, newest.id desc limit $${limit}`;
