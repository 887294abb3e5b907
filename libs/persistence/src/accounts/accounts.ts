import type { AppUser, AttemptRow } from '../attempts/attempt-row.js';
import type { Health, ProbeClass, ProbeResult } from '../entities/index.js';
import type { Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';

/**
 * This folder is the only writer of `accounts`. Each change is one function.
 *
 * | subject    | columns                                | rule                                                              |
 * | ---------- | -------------------------------------- | ----------------------------------------------------------------- |
 * | connection | grant_id, oauth_app_id, profile        | one account per profile and project that is not disconnected:     |
 * |            |                                        | store-connected-account.ts                                        |
 * | health     | health, health_reason, reauth_due_at   | derived from facts by `applyHealth` of #tokens; `disconnected` is |
 * |            |                                        | final: a new consent creates another account                      |
 * | probes     | probe_*, last_probed_at                | none are due once disconnected                                    |
 * | profile    | profile_unconfirmed                    | set with supplied tokens that no platform has confirmed, cleared  |
 * |            |                                        | once the platform has named the profile                           |
 * | history    | event_sequence                         | grows by one with each event                                      |
 */
const CONNECTED = `health <> 'disconnected'`;

/** What the customer may change. Undefined: unchanged; null in `metadata`: the key is removed. */
export interface AccountChanges {
  handle?: string | undefined;
  projectId?: string | undefined;
  metadata?: Readonly<Record<string, string | null>> | undefined;
}

export interface ChangedAccount extends Record<string, unknown> {
  /** How many keys its metadata has afterwards. */
  keys: number;
  projectId: string;
  connectionType: string;
}

/** A leased account stays in its project. Undefined: the tenant has no connected account with this id. */
export async function changeAccount(
  tx: Tx,
  { workspaceId, environment, id }: Tenant & { id: string },
  { handle, projectId, metadata = {} }: AccountChanges,
): Promise<ChangedAccount | undefined> {
  const { rows } = await tx.query<ChangedAccount>(
    `update accounts set handle = coalesce($4, handle), project_id = case when connection_type = 'leased' then project_id else coalesce($5, project_id) end,
       metadata = jsonb_strip_nulls(metadata || $6)
     where workspace_id = $1 and environment = $2 and id = $3 and ${CONNECTED}
     returning (select count(*) from jsonb_object_keys(metadata))::int as keys, connection_type as "connectionType",
       project_id as "projectId"`,
    [workspaceId, environment, id, handle ?? null, projectId ?? null, JSON.stringify(metadata)],
  );
  return rows[0];
}

/** The grant that a disconnected account had. */
export interface DisconnectedAccount extends Record<string, unknown> {
  grantId: string;
  disconnectedAt: Date;
}

/** → `disconnected`. Undefined: it was disconnected already. */
export async function markAccountDisconnected(
  tx: Tx,
  id: string,
  reason: string,
): Promise<DisconnectedAccount | undefined> {
  const { rows } = await tx.query<DisconnectedAccount>(
    `update accounts set health = 'disconnected', health_reason = null, health_since = db_now(),
       disconnected_at = db_now(), disconnected_reason = $2, probe_due_at = null, reauth_due_at = null
     where id = $1 and ${CONNECTED} returning grant_id as "grantId", disconnected_at as "disconnectedAt"`,
    [id, reason],
  );
  return rows[0];
}

/** What follows from the facts of an account and its grant. */
export interface DerivedState {
  health: Health;
  reason: string | null;
  /** When only the person can help; null: not reported. */
  reauthDueAt: Date | null;
}

/** Stores what was derived under the lock of this account. */
export async function storeHealth(tx: Tx, id: string, { health, reason, reauthDueAt }: DerivedState): Promise<void> {
  const sql = `update accounts set health = $2, health_reason = $3, reauth_due_at = $4,
    health_since = case when (health, health_reason) is distinct from ($2::text, $3::text) then db_now() else health_since end
    where id = $1`;
  await tx.query(sql, [id, health, reason, reauthDueAt]);
}

/** Erases the profiles and metadata of a grant's accounts, disconnected ones included. Returns those that held any. */
export async function eraseProfiles(tx: Tx, grantId: string): Promise<(Tenant & { accountId: string })[]> {
  const { rows } = await tx.query<Tenant & { accountId: string }>(
    `update accounts set handle = null, display_name = null, avatar_url = null, metadata = '{}'
     where grant_id = $1 and (handle is not null or display_name is not null or avatar_url is not null or metadata <> '{}')
     returning id as "accountId", workspace_id as "workspaceId", environment`,
    [grantId],
  );
  return rows;
}

/** The next number in the history of the account `$4`: part of the statement that records an event. */
export const NEXT_EVENT_SEQUENCE =
  'update accounts set event_sequence = event_sequence + 1 where id = $4 returning event_sequence';

/**
 * Reserves a number for each row of `requested` (account_id): `before` is the last number of the account until then. It waits for no
 * lock, so that one account does not hold up the others, and no two such statements wait for each other.
 */
export const NEXT_EVENT_SEQUENCES = `
  update accounts set event_sequence = event_sequence + added.events
  from (select account_id, count(*) as events from requested group by account_id) as added
  where id = added.account_id
    and id in (select id from accounts where id in (select account_id from requested) for no key update skip locked)
  returning id, event_sequence - added.events as before`;

/** The scopes that are missing from what a platform granted, for every account of the grant. */
export async function storeMissingScopes(tx: Tx, grantId: string, missing: readonly string[]): Promise<void> {
  await tx.query(
    `update accounts set missing_scopes = $2 where grant_id = $1 and ${CONNECTED} and missing_scopes <> $2`,
    [grantId, missing],
  );
}

/** What a list of profiles contains about one account. A token of its own stays its own. */
export async function storeListedProfile(
  tx: Tx,
  id: string,
  { hasOwnToken, ineligible }: { hasOwnToken: boolean; ineligible: string | null },
): Promise<void> {
  await tx.query(
    `update accounts set own_token = own_token or $2, profile_unconfirmed = profile_unconfirmed and not $2, probe_class = $3,
       probe_reason = $4, probe_struck_at = null
     where id = $1`,
    [id, hasOwnToken, ineligible === null ? null : 'permission', ineligible],
  );
}

/** Marks the accounts with tokens of their own as permanently refused, and returns their ids. */
export async function markOwnTokensEnded(tx: Tx, grantId: string, reason: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `update accounts set probe_class = 'permanent', probe_reason = $2, probe_struck_at = null
     where grant_id = $1 and own_token and ${CONNECTED} returning id`,
    [grantId, reason],
  );
  return rows.map(({ id }) => id);
}

/** One account, the accounts of a grant, or those of a person at an app. */
export type ProbeTarget = { accountId: string } | { grantId: string } | { user: Pick<AttemptRow, keyof AppUser> };

/** Makes probes due now. `ownTokensOnly`: of accounts with tokens of their own, about which the tokens of the grant prove nothing. */
export async function scheduleProbesNow(tx: Tx, target: ProbeTarget, { ownTokensOnly = false } = {}): Promise<void> {
  const [condition, values] = conditionOf(target);
  await tx.query(
    `update accounts set probe_due_at = db_now() where ${condition} and ${CONNECTED} ${ownTokensOnly ? 'and own_token' : ''}`,
    values,
  );
}

function conditionOf(target: ProbeTarget): [string, unknown[]] {
  if ('accountId' in target) return ['id = $1', [target.accountId]];
  if ('grantId' in target) return ['grant_id = $1', [target.grantId]];
  const { oauthAppId, platformUserId } = target.user;
  return [
    'grant_id in (select id from grants where oauth_app_id = $1 and (platform_user_id = $2 or manual_user_id = $2))',
    [oauthAppId, platformUserId],
  ];
}

/** One account of an app is probed after its pause, so that a recovery is noticed: regular probes are hours apart. */
export async function scheduleProbeOfApp(tx: Tx, oauthAppId: string, pauseSeconds: number): Promise<void> {
  await tx.query(
    `update accounts set probe_due_at = least(probe_due_at, db_now() + make_interval(secs => $2)) where id = (
       select accounts.id from grants join accounts on accounts.grant_id = grants.id
       where grants.oauth_app_id = $1 and accounts.health not in ('disconnected', 'needs_reauth')
       order by grants.last_refreshed_at desc limit 1 for update of accounts skip locked)`,
    [oauthAppId, pauseSeconds],
  );
}

const PROBE_AFTER_REFUSAL = `greatest(db_now(), last_probed_at + interval '1 minute')`;

/** A refused call makes the probe due, at most once a minute: a client may repeat the call as often as it likes. */
export async function scheduleProbeAfterRefusal(tx: Tx, id: string): Promise<void> {
  const statement = `update accounts set probe_due_at = ${PROBE_AFTER_REFUSAL}`;
  await tx.query(`${statement} where id = $1 and ${CONNECTED} and probe_due_at > ${PROBE_AFTER_REFUSAL}`, [id]);
}

/** The next probe of an account that could not be probed. */
export async function scheduleNextProbe(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query(`update accounts set probe_due_at = $2 where id = $1 and ${CONNECTED}`, [id, at]);
}

/**
 * Seconds from a refresh to the next probe, where `$2` are the regular ones. New tokens of an account whose last were refused
 * are probed an hour later, or as much later as the first refusal is ago.
 */
const WAIT_AFTER_REFRESH = `case
  when profile_unconfirmed then interval '0'
  when probe_refused_at = '{}' or probe_class = 'permanent' then make_interval(secs => $2)
  else least(make_interval(secs => $2), greatest(interval '1 hour', db_now() - probe_refused_at[1])) end`;

/**
 * A refresh that succeeded answers for a probe: the next comes a whole interval later, and a suspicion is gone, unless the
 * API has refused two tokens in turn. It does not confirm the profile of supplied tokens: these are probed at once.
 */
export async function postponeProbesOfGrant(tx: Tx, grantId: string, seconds: number): Promise<void> {
  await tx.query(
    `update accounts set probe_struck_at = null,
       probe_class = case when cardinality(probe_refused_at) < 2 then nullif(probe_class, 'suspected') else probe_class end,
       probe_due_at = db_now() + ${WAIT_AFTER_REFRESH}
     where grant_id = $1 and not own_token and ${CONNECTED}`,
    [grantId, seconds],
  );
}

/** What one probe found. `missing` null: the probe does not report which scopes are granted. */
export interface ProbeFinding {
  probeClass: ProbeClass | null;
  /** Null keeps the stored reason for as long as there is a class. */
  probeReason: string | null;
  probeStruckAt: Date | null;
  probeDueAt: Date;
  /** The refusals of access tokens that count. */
  refusedAt: readonly Date[];
  result: ProbeResult;
  missing: readonly string[] | null;
  /** The platform has named the profile of supplied tokens, and it is this one. */
  isProfileConfirmed: boolean;
}

export async function storeProbe(tx: Tx, id: string, finding: ProbeFinding): Promise<void> {
  const { probeClass, probeReason, probeStruckAt, probeDueAt, missing, result, isProfileConfirmed, refusedAt } =
    finding;
  await tx.query(
    `update accounts set probe_class = $2, probe_reason = coalesce($3, case when $2::text is not null then probe_reason end),
       probe_struck_at = $4, probe_due_at = $5, missing_scopes = coalesce($6, missing_scopes), last_probed_at = db_now(),
       probe_result = $7, profile_unconfirmed = profile_unconfirmed and not $8, probe_refused_at = $9
     where id = $1 and ${CONNECTED}`,
    [id, probeClass, probeReason, probeStruckAt, probeDueAt, missing, result, isProfileConfirmed, refusedAt],
  );
}
