import type { Tx } from '#persistence/sql';
import type { Canary, GrantFacts } from '#tokens/protocol';
import { advanceRefresh, grantColumns, toGrant } from '#tokens/store';

type RefusedGrant = Pick<GrantFacts, 'id' | 'oauthAppId'>;

/** Other grants of the app that are not revoked and hold tokens. */
const OTHERS = `
  from grants other
  where other.oauth_app_id = $1 and other.id <> $2 and other.ended_reason is null and other.refresh_state <> 'ended'
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

/** What the refreshes of the other grants of the app had shown before this exchange was sent. */
export async function readCanary(
  tx: Tx,
  { id, oauthAppId }: RefusedGrant,
  intentId: string,
): Promise<Omit<Canary, 'acceptedAt'>> {
  const { rows } = await tx.query<Omit<Canary, 'acceptedAt'>>(READ, [oauthAppId, id, intentId]);
  return rows[0] ?? { others: false, refreshable: false, refreshedAt: null, refusedAt: null };
}

/** How many are checked at once: one of them may have a failure of its own. */
const SOME = 3;
const CHOOSE = `
  select ${grantColumns('other')} ${OTHERS} and ${USABLE} and other.strike_count = 0
  order by other.attempt > 0, other.last_refreshed_at is null, random() limit ${SOME}`;

/** Grants of the same app whose access tokens can be checked: without strikes, those without failures first. */
export async function chooseCanaries(tx: Tx, { id, oauthAppId }: RefusedGrant): Promise<GrantFacts[]> {
  const { rows } = await tx.query(CHOOSE, [oauthAppId, id]);
  return rows.map(toGrant);
}

/** No grant is refreshed twice within a minute. Grants that are being exchanged are skipped, so that no transaction waits for a row. */
const NEXT = `
  select other.id ${OTHERS} and ${REFRESHABLE} and other.refresh_state = 'idle' and other.strike_count = 0
    and other.issued_at <= db_now() - interval '1 minute'
  order by other.refresh_due_at limit 1 for update of other skip locked`;

/** Makes another grant of the app due now: the one that would be due next. */
export async function scheduleCanary(tx: Tx, { id, oauthAppId }: RefusedGrant): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(NEXT, [oauthAppId, id]);
  if (rows[0]) await advanceRefresh(tx, rows[0].id);
}
