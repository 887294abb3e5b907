import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import type { ApiCanary } from '../protocol/refused-tokens.js';
import { databaseNow } from '../store/grants/grants.js';
import type { TokenContext } from '../token-context.js';
import { checkAccount, type AccountFacts, type AccountCheck } from './check-account.js';

/** An account that is refused, and since when. */
export interface RefusedAccount {
  grantId: string;
  oauthAppId: string | null;
  provider: string;
  environment: string;
  since: Date;
}

interface CanaryRow extends AccountFacts {
  grantId: string;
}

/** How many are checked at once: one of them may have a failure of its own. */
const SOME = 3;

/** Accounts of other grants of the app whose access tokens can be checked: those without refusals and failures first. */
const CHOOSE = `
  select account.workspace_id as "workspaceId", account.environment, account.provider, other.id as "grantId",
    account.platform_account_id as "platformAccountId", other.scopes, false as "isUnconfirmed"
  from grants other join accounts account on account.grant_id = other.id
  where other.oauth_app_id = $1 and other.id <> $2 and other.ended_reason is null and other.strike_count = 0
    and (other.access_expires_at is null or other.access_expires_at > db_now())
    and account.health <> 'disconnected' and not account.own_token and not account.profile_unconfirmed
    and account.probe_class is distinct from 'permanent'
    and exists (select 1 from grant_tokens where grant_id = other.id)
  order by cardinality(account.probe_refused_at), other.attempt > 0, random() limit ${SOME}`;

/** The last results of accounts at other apps. They belong to other customers, so that none is called for this one. */
const AT_OTHER_APPS = `
  with results as (
    select probe_result, last_probed_at from accounts
    where provider = $1 and environment = $2 and grant_id <> $3 and oauth_app_id is distinct from $4
      and last_probed_at > $5 and last_probed_at <= db_now() and probe_result in ('ok', 'permanent') and health <> 'disconnected'
  )
  select exists (select from results) as others,
    (select last_probed_at from results where probe_result = 'ok' limit 1) as "acceptedAt"`;

/**
 * Whether the API accepts other accounts of a platform: some of the same app are probed now; where the app has no other, the
 * results of regular probes at other apps count. `isSent`: requests were sent.
 */
export async function checkApiCanary(
  context: TokenContext,
  refused: RefusedAccount,
  check: AccountCheck,
): Promise<ApiCanary & { isSent: boolean }> {
  const { grantId, oauthAppId, provider, environment, since } = refused;
  const { rows } = await context.pool.query<CanaryRow>(CHOOSE, [oauthAppId, grantId]);
  if (rows.length > 0) {
    const accepted = await Promise.all(rows.map((row) => isAccepted(context, row, check)));
    const acceptedAt = accepted.includes(true) ? await databaseNow(context.pool) : null;
    return { others: true, acceptedAt, isSent: true };
  }
  const known = await context.pool.query<ApiCanary>(AT_OTHER_APPS, [provider, environment, grantId, oauthAppId, since]);
  return { ...(known.rows[0] ?? { others: false, acceptedAt: null }), isSent: false };
}

async function isAccepted(
  context: TokenContext,
  account: CanaryRow,
  { app, provider }: AccountCheck,
): Promise<boolean> {
  const token = await openToken(context, account);
  if (!token) return false;
  const { reading } = await checkAccount(context, { account, app, provider, token });
  return reading.ok || reading.failure.class === 'permission';
}

/** Null: the row does not open, or holds no tokens any more. */
async function openToken({ vault, pool }: TokenContext, account: CanaryRow): Promise<Secret | null> {
  try {
    return (await vault.openGrantTokens(pool, { ...account, id: account.grantId }))?.access ?? null;
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
