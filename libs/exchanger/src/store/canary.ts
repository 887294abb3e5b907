import type { Tx } from '#persistence/sql';
import type { Canary, GrantFacts } from '#tokens/protocol';
import { advanceRefresh, grantColumns, toGrant } from '#tokens/store';

type OwnGrant = Pick<GrantFacts, 'id' | 'oauthAppId'>;
type RefusedGrant = Pick<GrantFacts, 'id' | 'oauthAppId' | 'provider' | 'environment' | 'firstStrikeAt'>;

/** A consent or a refresh needs the secret of the app. Client ids are public, so that a row without either proves nothing. */
const isAccepted = (app: string): string => `exists (
  select from grants proof where proof.oauth_app_id = ${app}.id
    and (proof.platform_user_id is not null or proof.last_refreshed_at is not null))`;

/** A platform distinguishes client ids: rows of all workspaces with one client id, whose secrets it has accepted, are one app. */
const ROWS_OF_APP = `
  select row_.id from oauth_apps own join oauth_apps row_ using (environment, provider, client_id)
  where own.id = $1 and (row_.id = own.id or (${isAccepted('own')} and ${isAccepted('row_')}))`;

/** Other grants of the app that are not revoked and hold tokens. */
const OTHERS = `
  from grants other
  where other.oauth_app_id in (${ROWS_OF_APP}) and other.id <> $2 and other.ended_reason is null and other.refresh_state <> 'ended'
    and exists (select 1 from grant_tokens where grant_id = other.id)`;
const REFRESHABLE = `other.mode not in ('none', 'extend_self') and (other.refresh_expires_at is null or other.refresh_expires_at > db_now())`;
const USABLE = `(other.access_expires_at is null or other.access_expires_at > db_now())`;

/** The last refresh that had ended before this one was sent: a concurrent one may have met the platform in another state. */
const LAST_REFRESHED = `
  select other.id ${OTHERS} and other.last_refreshed_at < (select dispatched_at from exchange_intents where id = $3)
  order by other.last_refreshed_at desc limit 1`;

const READ = `
  select exists (select 1 ${OTHERS} and (${USABLE} or ${REFRESHABLE})) as others, exists (select 1 ${OTHERS} and ${REFRESHABLE}) as refreshable,
    (select max(dispatched_at) from exchange_intents where state = 'committed' and grant_id = (${LAST_REFRESHED})) as "refreshedAt",
    (select max(other.last_strike_at) ${OTHERS}) as "refusedAt"`;

/** What the refreshes of the other grants of the app had shown before this exchange was sent; of the platform where the app has none. */
export async function readCanary(tx: Tx, grant: RefusedGrant, intentId: string): Promise<Canary> {
  const { rows } = await tx.query<Omit<Canary, 'acceptedAt'>>(READ, [grant.oauthAppId, grant.id, intentId]);
  const canary = rows[0] ?? { others: false, refreshable: false, refreshedAt: null, refusedAt: null };
  if (canary.others || grant.firstStrikeAt === null) return { ...canary, acceptedAt: canary.refreshedAt };
  return { ...canary, ...(await readCanaryElsewhere(tx, grant, intentId)) };
}

type Seen = Pick<Canary, 'refreshedAt' | 'acceptedAt' | 'refusedAt'>;

/** The longest time between the request and the stored result of a probe, in seconds. */
const PROBE_LASTS = 30;

/**
 * The other grants of the platform belong to other apps, so that none is refreshed or called for this one. Only their requests
 * after the first strike ($4) and before this exchange was sent count.
 */
const ELSEWHERE = `
  with sent as (select dispatched_at as at from exchange_intents where id = $3), refreshed as (
    select other.id from grants other, sent
    where other.provider = $1 and other.environment = $2 and other.id <> $5
      and other.last_refreshed_at > $4 and other.last_refreshed_at < sent.at
    order by other.last_refreshed_at desc limit 1
  ), seen as (
    select (select max(dispatched_at) from exchange_intents where state = 'committed' and grant_id = (select id from refreshed)) as "refreshedAt",
      (select max(last_probed_at) - interval '${PROBE_LASTS} seconds' from accounts, sent
       where provider = $1 and environment = $2 and grant_id <> $5 and probe_result = 'ok'
         and last_probed_at > $4 and last_probed_at < sent.at) as "probedAt"
  )
  select "refreshedAt", greatest("refreshedAt", "probedAt") as "acceptedAt",
    (select max(last_strike_at) from grants
     where provider = $1 and environment = $2 and id <> $5 and last_strike_at > $4) as "refusedAt"
  from seen`;

async function readCanaryElsewhere(
  tx: Tx,
  { id, provider, environment, firstStrikeAt }: RefusedGrant,
  intentId: string,
): Promise<Seen> {
  const { rows } = await tx.query<Seen & Record<string, unknown>>(ELSEWHERE, [
    provider,
    environment,
    intentId,
    firstStrikeAt,
    id,
  ]);
  return rows[0] ?? { refreshedAt: null, acceptedAt: null, refusedAt: null };
}

/** How many are checked at once: one of them may have a failure of its own. */
const SOME = 3;
const CHOOSE = `
  select ${grantColumns('other')} ${OTHERS} and ${USABLE} and other.strike_count = 0
  order by other.attempt > 0, other.last_refreshed_at is null, random() limit ${SOME}`;

/** Grants of the same app whose access tokens can be checked: without strikes, those without failures first. */
export async function chooseCanaries(tx: Tx, { id, oauthAppId }: OwnGrant): Promise<GrantFacts[]> {
  const { rows } = await tx.query(CHOOSE, [oauthAppId, id]);
  return rows.map(toGrant);
}

/** No grant is refreshed twice within a minute. Grants that are being exchanged are skipped, so that no transaction waits for a row. */
const NEXT = `
  select other.id ${OTHERS} and ${REFRESHABLE} and other.refresh_state = 'idle' and other.strike_count = 0
    and other.issued_at <= db_now() - interval '1 minute'
  order by other.refresh_due_at limit 1 for update of other skip locked`;

/** Makes another grant of the app due now: the one that would be due next. */
export async function scheduleCanary(tx: Tx, { id, oauthAppId }: OwnGrant): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(NEXT, [oauthAppId, id]);
  if (rows[0]) await advanceRefresh(tx, rows[0].id);
}
