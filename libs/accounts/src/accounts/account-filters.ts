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
  values: unknown[];
}

/** `%` and `_` in a search are ordinary characters. */
const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

const SEARCH = (n: number): string => `(account.handle ilike $${n} or account.display_name ilike $${n}
  or exists (select 1 from jsonb_each_text(account.metadata) as entry where entry.value ilike $${n}))`;

export function accountCondition(tenant: Tenant, filters: AccountFilters): Condition {
  const values: unknown[] = [tenant.workspaceId, tenant.environment];
  const clauses = ['account.workspace_id = $1', 'account.environment = $2'];
  const add = (value: unknown, clause: (n: number) => string): void => {
    if (value !== undefined) clauses.push(clause(values.push(value)));
  };
  if (filters.health === undefined && filters.healths === undefined) clauses.push(`account.health <> 'disconnected'`);
  add(filters.health, (n) => `account.health = $${n}`);
  add(filters.healths, (n) => `account.health = any($${n})`);
  add(filters.isLeased, (n) => `(account.connection_type = 'leased') = $${n}`);
  add(filters.provider, (n) => `account.provider = $${n}`);
  add(filters.connectionType, (n) => `account.connection_type = $${n}`);
  add(filters.projectId, (n) => `account.project_id = $${n}`);
  add(filters.reauthDueBefore, (n) => `account.reauth_due_at < $${n}`);
  add(filters.q === undefined ? undefined : `%${escapeLike(filters.q)}%`, SEARCH);
  return { sql: clauses.join(' and '), values };
}

/** Stands for all projects in `account_counts`. */
const ALL_PROJECTS = '00000000-0000-0000-0000-000000000000';

/** Whether the counts of the database answer these filters. */
export const isCountKept = ({ q, reauthDueBefore }: AccountFilters): boolean =>
  q === undefined && reauthDueBefore === undefined;

/** The number of accounts that the filters match, as a part of a statement with the values of their condition. */
export function keptCount({ sql }: Condition, { projectId }: AccountFilters, only: { isReauthDue: boolean }): string {
  const project = projectId === undefined ? `and cell.project_id = '${ALL_PROJECTS}'` : '';
  return `(select coalesce(sum(cell.accounts), 0)::int from account_counts cell
    where ${sql.replaceAll('account.', 'cell.')} ${project} ${only.isReauthDue ? 'and cell.has_reauth_due' : ''})`;
}
