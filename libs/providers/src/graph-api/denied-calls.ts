import type { ApiCall } from '../contract/provider.js';

/** The root takes a batch of calls, each of any path. */
const ROOT = /^(v\d+\.\d+)?\/?$/i;
const PERMISSIONS = /(^|\/)permissions(\/|$)/i;
/** Takes a token in its query, and answers about any. */
const INSPECTION = /(^|\/)debug_token\/?$/i;
/** Lists the Pages of a person, each with its token unless `fields` names others. */
const PAGES = /(^|\/)(accounts|assigned_pages)\/?$/i;
/** A batch in a query, and a method in place of that of the request. */
const OVERRIDES = ['batch', 'method', 'method_override'];
/** The same Pages as a field: without fields of their own the token is among them. */
const PAGES_FIELD = /\b(accounts|assigned_pages)\b(?![^,{}]*\{)/i;
/** As a field, also within others (`accounts{access_token}`) and under another name (`access_token.as(a)`). */
const TOKEN_FIELD = /access_token/i;

/**
 * The calls of a Graph API that would pass this service by: a batch may name a token endpoint, a deleted permission is a
 * revocation, and a Page has its token among its fields. The pages on batch requests, on revoking permissions and on Page access
 * tokens of the Graph API, 2026-11-30.
 */
export function isDeniedGraphCall({ method, path, query }: ApiCall): boolean {
  if (ROOT.test(path) || INSPECTION.test(path) || (method !== 'GET' && PERMISSIONS.test(path))) return true;
  if (PAGES.test(path) && method === 'GET' && query.every(({ name }) => name !== 'fields')) return true;
  return query.some(
    ({ name, value }) =>
      OVERRIDES.includes(name) || TOKEN_FIELD.test(value) || (name === 'fields' && PAGES_FIELD.test(value)),
  );
}
