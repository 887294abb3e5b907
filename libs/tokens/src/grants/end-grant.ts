import { markOwnTokensEnded, STATUSES_WITH_TOKENS, type Tx } from '#persistence/sql';
import { HEALTHY } from '../protocol/after-refresh.js';
import type { TokenContext } from '../token-context.js';
import { changeGrant, type GrantAt, lockGrant, readGrant } from '../store/grants/grants.js';
import { applyHealth } from '../store/health-store.js';
import type { RevocationFacts } from '../store/revocations.js';
import type { ExchangedAttempt } from './adopt-grant.js';
import { offersRevocation, openUnlessBroken, queueRevocation } from './queue-revocation.js';

const KEEPS_TOKENS = 'select 1 from grant_tokens where grant_id = $1';

interface GrantEnd {
  reason: string;
  /** Whether the platform may still accept the tokens: their revocation is stored. */
  revoke?: boolean;
}

/**
 * Ends a grant whose end the platform itself reported, in the caller's transaction: every token is destroyed, its
 * accounts show the reason at once, and an exchange that is under way finds another version. Undefined: it was over already.
 */
export async function endGrant(
  context: TokenContext,
  tx: Tx,
  grantId: string,
  { reason, revoke = false }: GrantEnd,
): Promise<{ revocation: string | undefined } | undefined> {
  await lockGrant(tx, grantId);
  const read = await readGrant(tx, grantId);
  const { rowCount: held } = await tx.query(KEEPS_TOKENS, [grantId]);
  if (!read || (read.grant.refreshState === 'ended' && held === 0)) return undefined;
  const revocation = revoke ? await queueRevocationOfGrant(context, tx, read) : undefined;
  const change = { ...HEALTHY, refreshState: 'ended', refreshDueAt: null, endedReason: reason } as const;
  await changeGrant(tx, read.grant, change, { rotate: true });
  await context.vault.shredGrant(tx, grantId);
  for (const id of await markOwnTokensEnded(tx, grantId, reason)) await context.vault.shredAccount(tx, id);
  await applyHealth(tx, grantId);
  return { revocation };
}

const IN_USE = `select 1 from accounts where grant_id = $1 and health <> 'disconnected' limit 1`;

/**
 * Destroys the tokens of a grant that has no connected account any more, in the caller's transaction. They remain as a
 * stored revocation only, whose id it returns; undefined where the grant is still in use, or nothing can be revoked.
 */
export async function retireGrant(
  context: TokenContext,
  tx: Tx,
  grantId: string,
  { revoke = true } = {},
): Promise<string | undefined> {
  await lockGrant(tx, grantId);
  const inUse = await tx.query(IN_USE, [grantId]);
  const read = await readGrant(tx, grantId);
  if (inUse.rows.length > 0 || !read) return undefined;
  const revocation = revoke ? await queueRevocationOfGrant(context, tx, read) : undefined;
  await context.vault.shredGrant(tx, grantId);
  await changeGrant(tx, read.grant, { refreshState: 'ended', refreshDueAt: null }, { rotate: true });
  return revocation;
}

/**
 * Stores the revocations of a grant's tokens and of the late pairs beside them, which the caller's transaction is about to
 * destroy. Returns the id of the one for the stored pair; the exchanger finds the others.
 */
async function queueRevocationOfGrant(
  context: TokenContext,
  tx: Tx,
  { grant, now }: GrantAt,
): Promise<string | undefined> {
  if (!offersRevocation(grant.provider)) return undefined;
  for (const id of await context.vault.orphansOf(tx, grant.id)) {
    const late = await openUnlessBroken(context, { orphan: id }, () => context.vault.openOrphan(tx, { ...grant, id }));
    if (late) await queueRevocation(context, tx, { ...grant, tokens: late });
  }
  const pair = await openUnlessBroken(context, { grant: grant.id }, () => context.vault.openGrantTokens(tx, grant));
  if (!pair) return undefined;
  const secondsUntil = (end: Date | null): number | null => end && Math.max(1, (end.getTime() - now.getTime()) / 1_000);
  const tokens = {
    accessToken: pair.access,
    refreshToken: pair.refresh,
    expiresIn: secondsUntil(grant.accessExpiresAt),
    refreshExpiresIn: secondsUntil(grant.refreshExpiresAt),
    scopes: grant.scopes,
  };
  return queueRevocation(context, tx, { ...grant, tokens });
}

/**
 * Destroys what is sealed in an attempt that made no account, and stores the revocation of its token set, if it holds one. Also
 * where the platform has no such call: where the same person has an active grant at the app, the try of a revocation keeps the
 * tokens beside that grant, whose own the new consent may have ended.
 */
export async function discardAttempt(
  context: TokenContext,
  tx: Tx,
  attempt: Omit<ExchangedAttempt, 'exchangedAt'> & Pick<RevocationFacts, 'platformUserId'>,
): Promise<string | undefined> {
  const tokens = await openUnlessBroken(context, { attempt: attempt.id }, () =>
    context.vault.openAttemptTokens(tx, attempt),
  );
  await context.vault.shredAttempt(tx, attempt.id);
  return tokens ? queueRevocation(context, tx, { ...attempt, tokens }) : undefined;
}

/** Every attempt is locked: the exchange of one that holds no token set yet finds it deleted, and revokes what it received. */
const ATTEMPTS = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId", scopes,
    platform_user_id as "platformUserId", status in ${STATUSES_WITH_TOKENS} as "hasTokens"
  from connect_attempts where oauth_app_id = $1 order by id for update`;

type WaitingAttempt = Parameters<typeof discardAttempt>[2] & { hasTokens: boolean };

/** Discards the attempts of an app that is about to be deleted. Returns the ids of the stored revocations. */
export async function discardAttemptsOf(context: TokenContext, tx: Tx, appId: string): Promise<string[]> {
  const { rows } = await tx.query<WaitingAttempt & Record<string, unknown>>(ATTEMPTS, [appId]);
  const revocations: string[] = [];
  for (const attempt of rows.filter(({ hasTokens }) => hasTokens))
    revocations.push(...[await discardAttempt(context, tx, attempt)].filter((id) => id !== undefined));
  return revocations;
}
