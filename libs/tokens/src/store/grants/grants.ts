import type { QueryResultRow } from 'pg';
import { newId, type RefreshMode, type Tenant, type Tx } from '#persistence/sql';
import type { GrantChange, GrantFacts } from '../../protocol/grant.js';
import { currentMode } from './current-mode.js';

/**
 * This folder is the only writer of `grants` and `exchange_intents`. A claim writes both in one statement, to save a round
 * trip, so one folder owns both.
 *
 * | refresh_state | meaning                                                             | next                           |
 * | ------------- | ------------------------------------------------------------------- | ------------------------------ |
 * | `idle`        | nothing is held against the grant; due at `refresh_due_at`          | claimed                        |
 * | `backoff`     | the last exchange failed; due later                                 | claimed                        |
 * | `confirm`     | the platform refused the grant; the next exchange decides, or the   | claimed                        |
 * |               | grant is revoked and gets its last tries                            |                                |
 * | `unknown`     | a token was sent, and its outcome is unknown; first in line         | claimed                        |
 * | `claimed`     | one process holds the grant and has sent nothing yet                | in_flight, the state before    |
 * | `in_flight`   | the request may have been sent                                      | any but claimed                |
 * | `ended`       | no exchange any more                                                | idle, by a new consent         |
 *
 * A claim and its end: claims.ts. What an exchange means for a grant is decided in protocol/, and stored by `changeGrant`.
 * A new consent or a disconnect takes a grant in any state: it raises `token_version`, which a late exchange notices.
 */
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
  apiCheck: 'witness',
  unknownSince: 'unknown_since',
  rejectedSeconds: 'rejected_seconds',
  rejectedAt: 'rejected_at',
  endedReason: 'ended_reason',
} as const satisfies Record<keyof GrantFacts, string>;

/** The select list that reads GrantFacts from the table or alias `from`. */
export const grantColumns = (from: string): string =>
  Object.entries(FACTS)
    .map(([name, column]) => `${column === PERSON ? personOf(from) : `${from}.${column}`} as "${name}"`)
    .join(', ');

const PERSON = FACTS.platformUserId;
const personOf = (from: string): string => `coalesce(${from}.${PERSON}, ${from}.manual_user_id)`;

/** The grant that `grantColumns` selected. */
export const toGrant = (row: QueryResultRow): GrantFacts => ({
  ...(row as GrantFacts),
  mode: currentMode(row as GrantFacts),
});

/** `a = $n, b = $n+1` for the facts that change, and their values in order. */
function assignments(change: GrantChange, firstParameter: number): { sql: string; values: unknown[] } {
  const entries = Object.entries(change) as [keyof GrantChange, unknown][];
  return {
    sql: entries.map(([name], index) => `${FACTS[name]} = $${firstParameter + index}`).join(', '),
    values: entries.map(([, value]) => value),
  };
}

/** A grant, and the time of the database. */
export interface GrantAt {
  grant: GrantFacts;
  now: Date;
}

const SELECT = `select ${grantColumns('grants')}, db_now() as now from grants`;
const READ = `${SELECT} where id = $1`;

export async function readGrant(tx: Tx, grantId: string): Promise<GrantAt | undefined> {
  const { rows } = await tx.query<{ now: Date }>(READ, [grantId]);
  return rows[0] && { grant: toGrant(rows[0]), now: rows[0].now };
}

/** The same for several grants, by their ids. */
export async function readGrants(tx: Tx, grantIds: readonly string[]): Promise<Map<string, GrantAt>> {
  const { rows } = await tx.query<{ now: Date }>(`${SELECT} where id = any($1)`, [grantIds]);
  const found = rows.map((row): GrantAt => ({ grant: toGrant(row), now: row.now }));
  return new Map(found.map((each) => [each.grant.id, each]));
}

/** The lock order is grant, accounts, app: docs/architecture.md#locks. */
export async function readLockedGrant(tx: Tx, grantId: string): Promise<GrantAt | undefined> {
  const { rows } = await tx.query<{ now: Date }>(`${READ} for update`, [grantId]);
  return rows[0] && { grant: toGrant(rows[0]), now: rows[0].now };
}

/** The same without its facts. */
export async function lockGrant(tx: Tx, grantId: string): Promise<void> {
  await tx.query('select 1 from grants where id = $1 for update', [grantId]);
}

export async function databaseNow(tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>('select db_now() as now');
  return rows[0]?.now ?? new Date(NaN);
}

export interface ChangeOptions {
  /** Stores the version after the one that was read. */
  rotate?: boolean;
  /**
   * When the grant was read. A grant with an earlier version has lost commits since, and is brought forward, unless it has ended or
   * got another consent after that.
   */
  claimedAt?: Date | null;
  /** Only while this claim is the latest one: a result without tokens must not overwrite a newer exchange. */
  epoch?: string | null;
}

/** Changes a grant that still has the version that was read. Returns the new version; undefined: the version had changed. */
export async function changeGrant(
  tx: Tx,
  grant: Pick<GrantFacts, 'id' | 'tokenVersion'>,
  change: GrantChange,
  { rotate = false, epoch = null, claimedAt = null }: ChangeOptions = {},
): Promise<string | undefined> {
  const set = assignments(change, 5);
  const { rows } = await tx.query<{ version: string }>(
    `update grants set claim_holder = null, claim_until = null, ${set.sql}${rotate ? ', token_version = $2::bigint + 1' : ''}
     where id = $1 and (token_version = $2 or token_version < $2 and refresh_state <> 'ended' and consented_at < $4::timestamptz)
       and claim_epoch = coalesce($3, claim_epoch) returning token_version as version`,
    [grant.id, grant.tokenVersion, epoch, claimedAt, ...set.values],
  );
  return rows[0]?.version;
}

/** A grant as a new consent brings it. */
export interface ConsentedGrant extends Tenant {
  provider: string;
  oauthAppId: string;
  platformUserId: string;
  mode: RefreshMode;
  scopes: string[];
  accessExpiresAt: Date | null;
  refreshExpiresAt: Date | null;
  consentedAt: Date;
  /** The order among the person's consents; null: it gets the next number now. */
  consentSequence: string | null;
  refreshDueAt: Date | null;
  reauthDueAt: Date | null;
}

/** Assignments: nothing is held against the new tokens. */
export const NOTHING_HELD = `
    refresh_state = 'idle', claim_holder = null, claim_until = null, attempt = 0,
    last_class = null, last_reason = null, last_error = null, strike_count = 0,
    first_strike_at = null, last_strike_at = null, witness = null, unknown_since = null,
    rejected_seconds = 0, rejected_at = null, ended_reason = null`;

const STORE_CONSENT = `
  insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, scopes,
    access_expires_at, refresh_expires_at, consented_at, issued_at, refresh_due_at, reauth_due_at, consent_sequence)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, coalesce($14, nextval('consent_sequence')))
  on conflict (workspace_id, environment, oauth_app_id, platform_user_id) do update set
    token_version = grants.token_version + 1, mode = excluded.mode, scopes = excluded.scopes,
    access_expires_at = excluded.access_expires_at, refresh_expires_at = excluded.refresh_expires_at,
    consented_at = excluded.consented_at, issued_at = excluded.issued_at, refresh_due_at = excluded.refresh_due_at,
    reauth_due_at = excluded.reauth_due_at, consent_sequence = excluded.consent_sequence, ${NOTHING_HELD}
  where grants.consent_sequence <= excluded.consent_sequence or not exists (select 1 from grant_tokens where grant_id = grants.id)
  returning id, token_version as version`;

/** Any state → `idle`, under a new version. Undefined: a later consent of the same person holds tokens already. */
export async function storeConsent(
  tx: Tx,
  grant: ConsentedGrant,
): Promise<{ id: string; version: string } | undefined> {
  const { rows } = await tx.query<{ id: string; version: string }>(STORE_CONSENT, [
    newId(),
    grant.workspaceId,
    grant.environment,
    grant.provider,
    grant.oauthAppId,
    grant.platformUserId,
    grant.mode,
    grant.scopes,
    grant.accessExpiresAt,
    grant.refreshExpiresAt,
    grant.consentedAt,
    grant.refreshDueAt,
    grant.reauthDueAt,
    grant.consentSequence,
  ]);
  return rows[0];
}

/**
 * A grant that would be refreshed later is due at once, but not before `earliest`, until when its tokens are too young. Strikes
 * and unknown outcomes keep their own schedule.
 */
export async function refreshNow(tx: Tx, grantId: string, earliest: Date): Promise<void> {
  await tx.query(
    `update grants set refresh_due_at = greatest(db_now(), $2)
     where id = $1 and refresh_state in ('idle', 'backoff') and refresh_due_at > greatest(db_now(), $2)`,
    [grantId, earliest],
  );
}

/** The same for a grant that the caller has locked and found `idle`. */
export async function advanceRefresh(tx: Tx, grantId: string): Promise<void> {
  await tx.query('update grants set refresh_due_at = least(refresh_due_at, db_now()) where id = $1', [grantId]);
}

export async function setReauthDue(tx: Tx, grantId: string, at: Date): Promise<void> {
  await tx.query('update grants set reauth_due_at = $2 where id = $1', [grantId, at]);
}

/** The rows of one statement show a consent whole: its grant and its accounts are stored in one transaction. */
const UNUSED = `
  select id from grants
  where (refresh_state <> 'ended' or exists (select from grant_tokens where grant_id = grants.id))
    and not exists (select from accounts where accounts.grant_id = grants.id and accounts.health <> 'disconnected')
  limit $1`;

/** Grants that no connected account uses and that are not retired. */
export async function findUnusedGrants(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(UNUSED, [limit]);
  return rows.map(({ id }) => id);
}
