import { newId, type Tenant, type Tx } from '#persistence/sql';

/** How long a revocation is tried, in seconds. A token that expires before that needs no revocation. */
const REVOCATION_LIFE_SECONDS = 24 * 60 * 60;
/** Also for a token that has ended by our reckoning: its platform may take it a little longer. */
const MIN_REVOCATION_LIFE_SECONDS = 10 * 60;
/**
 * One try makes four requests at most, 30 s each with the connection: identity, revocation, refresh, revocation. After a crash
 * the next try follows.
 */
const TRY_LEASE = '3 minutes';

/** A person's tokens at one app, as a stored revocation has them. */
export interface RevocationFacts extends Tenant {
  provider: string;
  /** Null: the app was deleted. */
  oauthAppId: string | null;
  /** Null: the platform did not answer whose the tokens are. */
  platformUserId: string | null;
}

/** A stored revocation whose try has begun. */
export interface PendingRevocation extends RevocationFacts {
  id: string;
  clientId: string;
  /** This one included. */
  tries: number;
  /** Of the try before. */
  lastOutcome: string | null;
}

const INSERT = `
  insert into pending_revocations (id, workspace_id, environment, provider, oauth_app_id, client_id, platform_user_id, ends_at)
  select $1, $2, $3, $4, app.id, coalesce(app.client_id, $8), $6,
    db_now() + make_interval(secs => least(${REVOCATION_LIFE_SECONDS}, greatest(${MIN_REVOCATION_LIFE_SECONDS}, coalesce($7::float8, ${REVOCATION_LIFE_SECONDS}))))
  from (select) one left join oauth_apps app on app.id = $5 where coalesce(app.client_id, $8) is not null
  returning oauth_app_id as "oauthAppId"`;

export interface NewRevocation {
  facts: RevocationFacts;
  /** Until the last of the tokens ends; null: not known. */
  secondsLeft: number | null;
  /** Of an app that may be gone. */
  clientId: string | null;
}

/** Undefined: the app is gone, and no client id was given. `oauthAppId` is null where the app is gone. */
export async function insertRevocation(
  tx: Tx,
  { facts, secondsLeft, clientId }: NewRevocation,
): Promise<{ id: string; oauthAppId: string | null } | undefined> {
  const { workspaceId, environment, provider, oauthAppId, platformUserId } = facts;
  const id = newId();
  const values = [id, workspaceId, environment, provider, oauthAppId, platformUserId, secondsLeft, clientId];
  const [row] = (await tx.query<{ oauthAppId: string | null }>(INSERT, values)).rows;
  return row && { id, oauthAppId: row.oauthAppId };
}

/**
 * Platform by platform in turn, and client by client at each, so that none fills the result: each platform and client id is
 * refused or slow on its own.
 */
const DUE = `
  with due as (
    select id, due_at, environment || '/' || provider as platform, concat_ws('/', environment, provider, client_id) as client,
      row_number() over (partition by environment, provider, client_id order by due_at) as place
    from pending_revocations where due_at <= db_now() and ends_at > db_now()
  ), turns as (
    select *, row_number() over (partition by platform order by place, due_at) as turn from due
  )
  select id, platform, client from turns order by turn, due_at limit $1`;

export interface DueRevocation {
  id: string;
  /** With the environment: the sandbox delays no platform. */
  platform: string;
  /** Names the client at its platform. */
  client: string;
}

export async function dueRevocations(tx: Tx, limit: number): Promise<DueRevocation[]> {
  return (await tx.query<DueRevocation & Record<string, unknown>>(DUE, [limit])).rows;
}

const BEGIN_TRY = `
  with due as (
    select id, last_outcome from pending_revocations where id = $1 and due_at <= db_now() and ends_at > db_now() for update)
  update pending_revocations pending set tries = tries + 1, last_outcome = null, due_at = db_now() + interval '${TRY_LEASE}'
  from due where pending.id = due.id
  returning pending.id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId",
    client_id as "clientId", platform_user_id as "platformUserId", tries, due.last_outcome as "lastOutcome"`;

/** Undefined: it is not due, or another exchanger tries it. */
export async function beginTry(tx: Tx, id: string): Promise<PendingRevocation | undefined> {
  return (await tx.query<PendingRevocation & Record<string, unknown>>(BEGIN_TRY, [id])).rows[0];
}

export async function nameRevocation(tx: Tx, id: string, platformUserId: string): Promise<void> {
  await tx.query('update pending_revocations set platform_user_id = $2 where id = $1', [id, platformUserId]);
}

/** `seconds`: until the next try, which is made a minute before the revocation ends where that comes earlier. */
export async function postponeRevocation(
  tx: Tx,
  id: string,
  { outcome, seconds }: { outcome: string; seconds: number },
): Promise<void> {
  await tx.query(
    `update pending_revocations set last_outcome = $2, due_at = least(db_now() + make_interval(secs => $3),
       greatest(ends_at - interval '1 minute', db_now() + make_interval(secs => least($3, 60)))) where id = $1`,
    [id, outcome, seconds],
  );
}

/** `last_outcome` of a revocation whose app the platform refused. */
export const APP_REFUSED = 'app_refused';

/** Its owner has changed the app: what the platform refused for the app's sake is due. */
export async function wakeRevocations(tx: Tx, appId: string): Promise<void> {
  await tx.query(
    `update pending_revocations set due_at = db_now() where oauth_app_id = $1 and last_outcome = '${APP_REFUSED}' and due_at > db_now()`,
    [appId],
  );
}

/** Destroys its tokens with it. */
export async function endRevocation(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from pending_revocations where id = $1', [id]);
}

const OF_APP = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId",
    platform_user_id as "platformUserId"
  from pending_revocations where oauth_app_id = $1 for update`;

export async function revocationsOfApp(tx: Tx, appId: string): Promise<(RevocationFacts & { id: string })[]> {
  return (await tx.query<RevocationFacts & { id: string } & Record<string, unknown>>(OF_APP, [appId])).rows;
}

/** A revocation that the platform did not answer in time. */
export interface OverdueRevocation {
  revocation: string;
  provider: string;
  oauthAppId: string | null;
  outcome: string | null;
  tries: number;
}

const END_OVERDUE = `
  delete from pending_revocations where id in (select id from pending_revocations where ends_at <= db_now() limit $1)
  returning id as revocation, provider, oauth_app_id as "oauthAppId", last_outcome as outcome, tries`;

export async function endOverdueRevocations(tx: Tx, limit: number): Promise<OverdueRevocation[]> {
  return (await tx.query<OverdueRevocation & Record<string, unknown>>(END_OVERDUE, [limit])).rows;
}
