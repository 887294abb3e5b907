import { markOwnTokensEnded, type Tx } from '#persistence/sql';
import { HEALTHY } from '../protocol/after-refresh.js';
import type { TokenContext } from '../token-context.js';
import { changeGrant, lockGrant, readGrant } from '../store/grants/grants.js';
import { applyHealth } from '../store/health-store.js';
import type { RevocableTokens } from '../exchange/token-exchange.js';
import { SealBroken } from '#crypto';
import type { GrantFacts } from '../protocol/grant.js';
import { openApp, readApp } from '../store/apps.js';
import type { ExchangedAttempt } from './adopt-grant.js';

const KEEPS_TOKENS = 'select 1 from grant_tokens where grant_id = $1';

/**
 * Ends a grant of which the platform itself said that it is over, in the caller's transaction: every token is destroyed, its
 * accounts show the reason at once, and an exchange that is under way finds another version. Undefined: it was over already.
 * The tokens come back in case the platform still takes them.
 */
export async function endGrant(
  context: TokenContext,
  tx: Tx,
  grantId: string,
  reason: string,
): Promise<{ tokens: RevocableTokens | undefined } | undefined> {
  await lockGrant(tx, grantId);
  const read = await readGrant(tx, grantId);
  const { rowCount: held } = await tx.query(KEEPS_TOKENS, [grantId]);
  if (!read || (read.grant.refreshState === 'ended' && held === 0)) return undefined;
  const tokens = await revocableOfGrant(context, tx, read.grant);
  const change = { ...HEALTHY, refreshState: 'ended', refreshDueAt: null, endedReason: reason } as const;
  await changeGrant(tx, read.grant, change, { rotate: true });
  await context.vault.shredGrant(tx, grantId);
  for (const id of await markOwnTokensEnded(tx, grantId, reason)) await context.vault.shredAccount(tx, id);
  await applyHealth(tx, grantId);
  return { tokens };
}

const IN_USE = `select 1 from accounts where grant_id = $1 and health <> 'disconnected' limit 1`;

/**
 * Destroys the tokens of a grant that no connected account hangs on any more, in the caller's transaction. What it returns
 * lives on in memory only, to be revoked at the platform after the commit; undefined where the grant is still in use.
 */
export async function retireGrant(
  context: TokenContext,
  tx: Tx,
  grantId: string,
): Promise<RevocableTokens | undefined> {
  await lockGrant(tx, grantId);
  const inUse = await tx.query(IN_USE, [grantId]);
  const read = await readGrant(tx, grantId);
  if (inUse.rows.length > 0 || !read) return undefined;
  const tokens = await revocableOfGrant(context, tx, read.grant);
  await context.vault.shredGrant(tx, grantId);
  await changeGrant(tx, read.grant, { refreshState: 'ended', refreshDueAt: null }, { rotate: true });
  return tokens;
}

/** The tokens of a grant that is about to be destroyed; undefined where none can be revoked. */
async function revocableOfGrant(
  context: TokenContext,
  tx: Tx,
  grant: GrantFacts,
): Promise<RevocableTokens | undefined> {
  const tokens = await openUnlessBroken(context, { grant: grant.id }, () => context.vault.openGrantTokens(tx, grant));
  if (!tokens || grant.oauthAppId === null) return undefined;
  return { ...grant, oauthAppId: grant.oauthAppId, accessToken: tokens.access, refreshToken: tokens.refresh };
}

/** Destroys what is sealed in an attempt that made no account; a token set comes back once, to be revoked after the commit. */
export async function discardAttempt(
  context: TokenContext,
  tx: Tx,
  attempt: Omit<ExchangedAttempt, 'exchangedAt'> & Pick<RevocableTokens, 'platformUserId'>,
): Promise<RevocableTokens | undefined> {
  const tokens = await openUnlessBroken(context, { attempt: attempt.id }, () =>
    context.vault.openAttemptTokens(tx, attempt),
  );
  await context.vault.shredAttempt(tx, attempt.id);
  return tokens ? { ...attempt, ...tokens } : undefined;
}

const WAITING = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId", scopes,
    platform_user_id as "platformUserId"
  from connect_attempts where oauth_app_id = $1 and status in ('exchanged', 'selection_required') for update`;

/**
 * Destroys what is sealed in the attempts of an app that is about to be deleted, in the caller's transaction. Its own secret
 * goes with the tokens that come back, since it is gone when they are revoked. Those of a person with an account at the app
 * are left out: with `force` that account lives on until its token ends.
 */
export async function discardAttemptsOf(context: TokenContext, tx: Tx, appId: string): Promise<RevocableTokens[]> {
  const { rows } = await tx.query<Parameters<typeof discardAttempt>[2] & Record<string, unknown>>(WAITING, [appId]);
  const row = rows.length > 0 ? await readApp(tx, appId) : undefined;
  const app = row && (await openUnlessBroken(context, { app: appId }, () => openApp(tx, context.vault, row)));
  const revocable: RevocableTokens[] = [];
  for (const attempt of rows) {
    const tokens = await discardAttempt(context, tx, attempt);
    if (tokens && app && !(await hasAccount(tx, attempt))) revocable.push({ ...tokens, app });
  }
  return revocable;
}

const HAS_ACCOUNT = `
  select 1 from grants join grant_tokens on grant_tokens.grant_id = grants.id
  where oauth_app_id = $1 and ($2::text is null or platform_user_id = $2) limit 1`;

async function hasAccount(
  tx: Tx,
  { oauthAppId, platformUserId }: Pick<RevocableTokens, 'oauthAppId' | 'platformUserId'>,
): Promise<boolean> {
  return (await tx.query(HAS_ACCOUNT, [oauthAppId, platformUserId])).rows.length > 0;
}

/** What does not open cannot be revoked; that must not keep it from being destroyed. */
async function openUnlessBroken<Opened>(
  context: TokenContext,
  what: object,
  open: () => Promise<Opened>,
): Promise<Opened | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    context.logger.error({ err: error, ...what }, 'revocation.seal_broken');
    return undefined;
  }
}
