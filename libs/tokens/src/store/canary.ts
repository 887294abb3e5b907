import type { Tx } from '#persistence';
import type { Canary } from '../protocol/death-rule.js';
import type { GrantFacts } from '../protocol/grant.js';
import { grantColumns, toGrant } from './grant-columns.js';

type Who = Pick<GrantFacts, 'id' | 'oauthAppId'>;

/** Another grant of the app that is not dead and could still get an ok. */
const OTHERS = `
  from grants other
  where other.oauth_app_id = $1 and other.id <> $2 and other.ended_reason is null and other.refresh_state <> 'ended'
    and exists (select 1 from grant_tokens where grant_id = other.id)`;
const REFRESHABLE = `other.mode not in ('none', 'extend_self') and (other.refresh_expires_at is null or other.refresh_expires_at > db_now())`;
const USABLE = `(other.access_expires_at is null or other.access_expires_at > db_now())`;

const READ = `
  select coalesce(bool_or(${USABLE} or ${REFRESHABLE}), false) as others,
    max(other.last_refreshed_at) as "refreshedAt", max(other.last_strike_at) as "refusedAt",
    max((select max(account.last_probed_at) from accounts account
      where account.grant_id = other.id and account.health <> 'disconnected' and account.probe_result = 'ok')) as "probedAt"
  ${OTHERS}`;

/** What the other living grants of the same app have shown so far: by their refreshes, and by their probes. */
export async function readCanary(tx: Tx, { id, oauthAppId }: Who): Promise<Canary> {
  const { rows } = await tx.query<Omit<Canary, 'acceptedAt'> & { probedAt: Date | null }>(READ, [oauthAppId, id]);
  const { others = false, refreshedAt = null, refusedAt = null, probedAt = null } = rows[0] ?? {};
  return { others, refreshedAt, refusedAt, acceptedAt: later(refreshedAt, probedAt) };
}

const later = (one: Date | null, other: Date | null): Date | null => (one !== null && (other === null || one > other) ? one : other);

const CHOOSE = `select ${grantColumns('other')} ${OTHERS} and ${USABLE} and other.strike_count = 0 order by random() limit 1`;

/** A grant of the same app whose access token can be shown to the platform: any of those that nothing is held against. */
export async function chooseCanary(tx: Tx, { id, oauthAppId }: Who): Promise<GrantFacts | undefined> {
  const { rows } = await tx.query(CHOOSE, [oauthAppId, id]);
  return rows[0] && toGrant(rows[0]);
}
