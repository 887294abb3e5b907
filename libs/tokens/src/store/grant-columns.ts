import type { QueryResultRow } from 'pg';
import type { GrantChange, GrantFacts } from '../protocol/grant.js';

const FACTS = {
  id: 'id',
  workspaceId: 'workspace_id',
  environment: 'environment',
  provider: 'provider',
  oauthAppId: 'oauth_app_id',
  platformUserId: 'platform_user_id',
  tokenVersion: 'token_version',
  mode: 'mode',
  scopes: 'scopes',
  accessExpiresAt: 'access_expires_at',
  refreshExpiresAt: 'refresh_expires_at',
  reauthDueAt: 'reauth_due_at',
  issuedAt: 'issued_at',
  lastRefreshedAt: 'last_refreshed_at',
  refreshState: 'refresh_state',
  claimEpoch: 'claim_epoch',
  refreshDueAt: 'refresh_due_at',
  attempt: 'attempt',
  lastClass: 'last_class',
  lastReason: 'last_reason',
  lastError: 'last_error',
  strikeCount: 'strike_count',
  firstStrikeAt: 'first_strike_at',
  lastStrikeAt: 'last_strike_at',
  witness: 'witness',
  unknownSince: 'unknown_since',
  rejectedSeconds: 'rejected_seconds',
  rejectedAt: 'rejected_at',
  endedReason: 'ended_reason',
} as const satisfies Record<keyof GrantFacts, string>;

/** The select list that reads GrantFacts from the table or alias `from`. */
export const grantColumns = (from: string): string =>
  Object.entries(FACTS)
    .map(([name, column]) => `${from}.${column} as "${name}"`)
    .join(', ');

/** The grant that `grantColumns` selected. */
export const toGrant = (row: QueryResultRow): GrantFacts => row as GrantFacts;

/** `a = $n, b = $n+1` for the facts that change, and their values in order. */
export function assignments(change: GrantChange, firstParameter: number): { sql: string; values: unknown[] } {
  const entries = Object.entries(change) as [keyof GrantChange, unknown][];
  return {
    sql: entries.map(([name], index) => `${FACTS[name]} = $${firstParameter + index}`).join(', '),
    values: entries.map(([, value]) => value),
  };
}
