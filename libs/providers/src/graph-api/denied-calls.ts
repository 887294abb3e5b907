import type { Method } from '../contract/http.js';

/** The root takes a batch of calls, each of any path. */
const ROOT = /^(v\d+\.\d+)?\/?$/i;
const PERMISSIONS = /(^|\/)permissions(\/|$)/i;

/**
 * The calls of a Graph API that would pass this service by: a batch may name a token endpoint, and a deleted permission is a
 * revocation. The pages on batch requests and on revoking permissions of the Graph API, 2026-11-30.
 */
export const isDeniedGraphCall = (method: Method, path: string): boolean =>
  ROOT.test(path) || (method === 'DELETE' && PERMISSIONS.test(path));
