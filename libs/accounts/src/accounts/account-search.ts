import type { Tenant } from '#persistence';
import {
  accountCondition,
  type AccountFilters,
  type Condition,
  keptCount,
  pageSourceOf,
  searchClause,
} from './account-filters.js';

/** The index has groups of three letters or digits: it finds no text without one. */
const TRIGRAM = /[\p{L}\p{N}]{3}/u;
/** Among fewer accounts, reading all of them costs less than the index of the whole installation. */
const MIN_ACCOUNTS = 10_000;
const SAMPLE_ACCOUNTS = 1_000;
/** Of the newest accounts. Where more match, a page and a count that stops at ten thousand read few others. */
const MAX_HITS_OF_SAMPLE = 200;

/** A search that may use the index: with no other filter, or with one by which the newest accounts are sampled. */
export function mayUseIndex({ q, ...filters }: AccountFilters): boolean {
  return q !== undefined && TRIGRAM.test(q) && pageSourceOf(filters) === 'order';
}

/** A statement, with the values of the condition, that returns a Sample. */
export function sampleStatement(tenant: Tenant, filters: AccountFilters): string {
  const others = accountCondition(tenant, { ...filters, q: undefined });
  return `select ${keptCount(others, { isReauthDue: false })} as accounts, (select count(*)::int from (
      select account.* from accounts account where ${others.sql}
      order by account.connected_at desc, account.id desc limit ${SAMPLE_ACCOUNTS}) as account
    where ${searchClause(others.values.length + 1)}) as hits`;
}

export interface Sample {
  /** How many accounts the other filters match. */
  accounts: number;
  /** Matches among the newest of them. */
  hits: number;
}

export const isIndexBetter = ({ accounts, hits }: Sample): boolean =>
  accounts > MIN_ACCOUNTS && hits <= MAX_HITS_OF_SAMPLE;

/** The text that was searched for is the last value of a condition. */
const hitsOf = ({ values }: Condition): string =>
  `search.workspace_id = $1 and search.environment = $2 and search.text like lower($${values.length})`;

export const isAlone = (filters: AccountFilters): boolean =>
  Object.entries(filters).every(([name, value]) => name === 'q' || (value as unknown) === undefined);

/** Rows of the whole installation, of which one statement may read all: a tenth of a second. */
const MAX_READ_TEXTS = 200_000;

/** Whether the texts of all tenants are few, as far as the statistics of the table show. */
export const FEW_TEXTS = `select reltuples <= ${MAX_READ_TEXTS} as "areFew" from pg_class where oid = 'account_search'::regclass`;

/**
 * One row for each match, from the texts alone: these are a fifth as long to read as the accounts with their metadata. The text is
 * an expression, so that the index, which reads all matches before it returns one, is not used.
 */
export const matchesInTexts = (condition: Condition): string =>
  `select 1 from account_search search where ${hitsOf(condition).replace('search.text', "search.text || ''")} and search.is_connected`;

/** One row for each match. Without another filter the accounts themselves are not read. */
export function matchesInIndex(condition: Condition, filters: AccountFilters): string {
  const hits = hitsOf(condition);
  return isAlone(filters)
    ? `select 1 from account_search search where ${hits} and search.is_connected`
    : `select 1 from account_search search join accounts account on account.id = search.account_id
       where ${hits} and ${condition.sql}`;
}

/** The ids of the newest matches: sorted before their accounts are read, so that as few are read as a page has. */
export function newestMatches(condition: Condition, after: string, limit: number): string {
  const from = after.replace('account.connected_at', 'search.connected_at').replace('account.id', 'search.account_id');
  return `with hits as materialized (
      select search.account_id, search.connected_at from account_search search where ${hitsOf(condition)} ${from}
      order by search.connected_at desc, search.account_id desc)
    select account.id from hits join accounts account on account.id = hits.account_id where ${condition.sql}
    order by hits.connected_at desc, hits.account_id desc limit $${limit}`;
}
