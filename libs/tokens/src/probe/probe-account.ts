import { type ProbeResult, scheduleNextProbe, storeProbe, transaction, type Tx } from '#persistence/sql';
import { type ProbeReading, type Provider, providerOf } from '#providers';
import { openAccessToken } from '../open-access-tokens.js';
import { afterProbe, needsApiCanary, type ProbeChange, type ProbedAccount } from '../protocol/after-probe.js';
import type { ApiCanary } from '../protocol/refused-tokens.js';
import { after, shortestAge } from '../protocol/schedule.js';
import type { TokenContext } from '../token-context.js';
import { type AppRow, markAppFailing, markAppActive, readApp } from '../store/apps.js';
import { reportBrokenSeal } from '../store/broken-seals.js';
import { syncProfiles } from '../grants/profiles.js';
import { nameManualPerson } from '../store/grants/manual-grants.js';
import { databaseNow, refreshNow, setReauthDue } from '../store/grants/grants.js';
import { applyHealth } from '../store/health-store.js';
import { checkApiCanary } from './api-canary.js';
import { type Answer, checkAccount, type AccountFacts, type AccountCheck } from './check-account.js';

/** The account as a probe sees it. */
interface AccountRow extends AccountFacts, ProbedAccount {
  id: string;
  grantId: string;
  grantWorkspaceId: string;
  oauthAppId: string | null;
  /** Of the tokens that it was probed with. */
  tokenVersion: string;
  /** Whether its token has ended by the clock: then a probe is inconclusive. */
  ended: boolean;
  isUnconfirmed: boolean;
  missingScopes: string[];
}

const READ = `
  select account.id, account.workspace_id as "workspaceId", account.environment, account.provider,
    account.platform_account_id as "platformAccountId", account.grant_id as "grantId",
    grant_.workspace_id as "grantWorkspaceId", grant_.oauth_app_id as "oauthAppId",
    grant_.token_version as "tokenVersion", grant_.scopes, grant_.mode, grant_.issued_at as "issuedAt",
    grant_.access_expires_at as "accessExpiresAt", account.own_token as "ownToken", account.probe_class as "probeClass",
    account.probe_reason as "probeReason", account.missing_scopes as "missingScopes", account.probe_refused_at as "refusedAt",
    coalesce(app.status <> 'active' or breakers.state <> 'closed', false) as "isAppFailing",
    account.probe_struck_at as "probeStruckAt", (account.profile_unconfirmed or account.probe_class = 'unverified') is true as "isUnconfirmed",
    not account.own_token and coalesce(grant_.access_expires_at <= db_now(), false) as ended
  from accounts account join grants grant_ on grant_.id = account.grant_id
    left join oauth_apps app on app.id = grant_.oauth_app_id left join breakers on breakers.oauth_app_id = app.id
  where account.id = $1 and account.health <> 'disconnected'`;

/** `seal_broken`: its token or the secret of its app does not open, so no request was sent. */
export type ProbeOutcome = 'probed' | 'unavailable' | 'nothing_to_probe' | 'seal_broken';

/** Probes an account at the platform, and stores the result. */
export async function probeAccount(context: TokenContext, accountId: string): Promise<ProbeOutcome> {
  const { rows } = await context.pool.query<AccountRow>(READ, [accountId]);
  const account = rows[0];
  if (!account) return 'nothing_to_probe';
  const provider = providerOf(account.provider);
  try {
    return await probe(context, account, provider);
  } catch (error) {
    await reportBrokenSeal(context, error);
    await postpone(context, account, provider);
    return 'seal_broken';
  }
}

async function probe(context: TokenContext, account: AccountRow, provider: Provider): Promise<ProbeOutcome> {
  const token = account.ended ? null : await openAccessToken(context.vault, context.pool, account);
  const app = await readApp(context.pool, account.oauthAppId);
  if (!token) {
    await postpone(context, account, provider);
    return 'nothing_to_probe';
  }
  const answer = await checkWithCanary(context, account, { account, app, token, provider });
  await transaction(context.pool, (tx) => store(context, tx, { account, app, provider, ...answer }));
  const { reading } = answer;
  return !reading.ok && reading.failure.class === 'temporary' ? 'unavailable' : 'probed';
}

interface CheckedAnswer extends Answer {
  canary?: ApiCanary;
}

/** Other accounts are checked before the last check of this one: an API that has recovered meanwhile accepts both. */
async function checkWithCanary(
  context: TokenContext,
  account: AccountRow,
  check: AccountCheck,
): Promise<CheckedAnswer> {
  const answer = await checkAccount(context, check);
  if (answer.reading.ok) return answer;
  const now = await databaseNow(context.pool);
  if (!needsApiCanary(account, answer.reading, now)) return answer;
  const { isSent, ...canary } = await checkApiCanary(
    context,
    { ...account, since: account.refusedAt[0] ?? now },
    check,
  );
  return isSent ? { ...(await checkAccount(context, check)), canary } : { ...answer, canary };
}

interface Finding extends CheckedAnswer {
  account: AccountRow;
  app: AppRow | undefined;
  provider: Provider;
}

async function store(context: TokenContext, tx: Tx, finding: Finding): Promise<void> {
  const { account, app, provider, reading, verification, canary } = finding;
  const now = await databaseNow(tx);
  const missing = missingScopes(provider, reading);
  const change = afterProbe(account, reading, {
    now,
    isNarrower: isNarrower(account, missing),
    random: context.random,
    every: provider.probe.every,
    oncePerUtcDay: provider.probe.oncePerUtcDay,
    canary,
  });
  if (!(await lockVersion(tx, account))) return;
  await storeChange(tx, account, {
    ...change,
    result: reading.ok ? 'ok' : reading.failure.class,
    missing: confirmedScopes(change, missing),
    isProfileConfirmed: verification?.kind === 'verified',
  });
  if (reading.ok && reading.reauthDueAt) await setReauthDue(tx, account.grantId, reading.reauthDueAt);
  await storeVerified(context, tx, finding);
  if (app) await reportToApp(tx, app, reading);
  await applyHealth(tx, account.grantId);
}

/** What is stored of supplied tokens at once where the platform confirms them at once. */
async function storeVerified(context: TokenContext, tx: Tx, { account, verification }: Finding): Promise<void> {
  if (verification?.kind !== 'verified') return;
  const { platformUserId, list } = verification;
  if (platformUserId !== null) await nameManualPerson(tx, account.grantId, platformUserId);
  if (list) await syncProfiles(context, tx, account.grantId, list);
}

async function reportToApp(tx: Tx, app: AppRow, reading: ProbeReading): Promise<void> {
  if (reading.ok) await markAppActive(tx, app, 'api');
  else if (reading.failure.class === 'app') await markAppFailing(tx, app, reading.failure, 'api');
}

/** Reconnected or refreshed meanwhile: the platform's answer is about replaced tokens. */
async function lockVersion(tx: Tx, { grantId, tokenVersion }: AccountRow): Promise<boolean> {
  const { rowCount } = await tx.query('select 1 from grants where id = $1 and token_version = $2 for update', [
    grantId,
    tokenVersion,
  ]);
  return rowCount === 1;
}

/** Null: the probe did not report which scopes are granted. */
function missingScopes({ scopes }: Provider, reading: ProbeReading): string[] | null {
  if (!reading.ok || !reading.scopes) return null;
  const granted = reading.scopes;
  return scopes.required.filter((scope) => !granted.includes(scope));
}

const isNarrower = ({ missingScopes: known }: AccountRow, missing: string[] | null): boolean =>
  missing?.some((scope) => !known.includes(scope)) ?? false;

/** A scope that is left out is stored with the second answer. */
const confirmedScopes = ({ probeStruckAt }: ProbeChange, missing: string[] | null): string[] | null =>
  probeStruckAt === null ? missing : null;

interface StoredChange extends ProbeChange {
  result: ProbeResult;
  missing: string[] | null;
  isProfileConfirmed: boolean;
}

async function storeChange(tx: Tx, account: AccountRow, change: StoredChange): Promise<void> {
  await storeProbe(tx, account.id, change);
  if (!change.refreshNow) return;
  await refreshNow(tx, account.grantId, earliestRefresh(account));
}

/** A token that is extended may be too young for it for a day: the sweep would find its grant due all the time. */
function earliestRefresh({ mode, issuedAt, accessExpiresAt }: AccountRow): Date {
  if (mode !== 'extend_self' || accessExpiresAt === null) return issuedAt;
  return after(issuedAt, shortestAge(mode, accessExpiresAt.getTime() - issuedAt.getTime()));
}

/** Not after a refresh meanwhile, which has decided when the new token is probed. */
async function postpone({ pool }: TokenContext, account: AccountRow, { probe }: Provider): Promise<void> {
  await transaction(pool, async (tx) => {
    if (!(await lockVersion(tx, account))) return;
    await scheduleNextProbe(tx, account.id, after(await databaseNow(tx), probe.every));
  });
}
