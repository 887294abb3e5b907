import type { Secret } from '#observability';
import type { RefreshMode, Tenant, Tx } from '#persistence/sql';
import { providerOf, type TokenSet } from '#providers';
import { accessLife, after, endOfLife, nextHealthChange, refreshDue, shortestAge } from '../protocol/schedule.js';
import { databaseNow, lockGrant } from '../store/grants/grants.js';
import { storeManualGrant } from '../store/grants/manual-grants.js';
import type { TokenContext } from '../token-context.js';

/** Credentials that a client supplied, and the platform's answer about them. */
export interface SuppliedTokens extends Tenant {
  provider: string;
  oauthAppId: string | null;
  accessToken: Secret;
  refreshToken: Secret | null;
  /** Null: the client has named no end. */
  accessExpiresAt: Date | null;
  /** Null: not known. */
  scopes: string[] | null;
  platformUserId: string | null;
  /** The access token belongs to one profile (a Page): it is not extended. */
  isOfProfile: boolean;
  /** The grant that the account has. */
  currentGrantId: string | null;
}

/**
 * Stores and seals supplied credentials as the grant of one account, in the caller's transaction. The tokens of a manual grant
 * are replaced in place, with the late pairs beside them.
 */
export async function supplyGrant(context: TokenContext, tx: Tx, supplied: SuppliedTokens): Promise<string> {
  if (supplied.currentGrantId !== null) await lockGrant(tx, supplied.currentGrantId);
  const now = await databaseNow(tx);
  const mode = modeOf(supplied);
  const accessExpiresAt = endOf(supplied, mode, now);
  const grant = await storeManualGrant(tx, {
    ...supplied,
    manualUserId: supplied.platformUserId,
    mode,
    scopes: supplied.scopes ?? [],
    accessExpiresAt,
    refreshDueAt: dueOf(context, { mode, accessExpiresAt, now }),
    suppliedAt: now,
    issuedAt: issueOf({ mode, accessExpiresAt, now }),
  });
  await context.vault.shredGrant(tx, grant.id);
  await context.vault.sealGrantTokens(tx, { ...supplied, id: grant.id }, grant.version, {
    access: supplied.accessToken,
    // Without its app nothing can use it.
    refresh: supplied.oauthAppId === null ? null : supplied.refreshToken,
    previous: null,
  });
  return grant.id;
}

/** Only an app refreshes, with a refresh token or where the access token itself is extended. */
export function modeOf({
  provider,
  oauthAppId,
  refreshToken,
  isOfProfile,
}: Pick<SuppliedTokens, 'provider' | 'oauthAppId' | 'refreshToken' | 'isOfProfile'>): RefreshMode {
  const { mode } = providerOf(provider).refresh;
  if (oauthAppId === null || isOfProfile) return 'none';
  return mode === 'extend_self' || refreshToken ? mode : 'none';
}

/** The named end; otherwise the platform's usual life, from now, where that decides when to refresh. */
function endOf({ provider, accessExpiresAt }: SuppliedTokens, mode: RefreshMode, now: Date): Date | null {
  if (accessExpiresAt) return accessExpiresAt;
  const unsaid: Pick<TokenSet, 'expiresIn'> = { expiresIn: null };
  return endOfLife(now, accessLife(unsaid, { mode, defaultLife: providerOf(provider).token.defaultLife }));
}

interface Life {
  mode: RefreshMode;
  accessExpiresAt: Date | null;
  now: Date;
}

/** The time of issue is not known: it is assumed to be now, or early enough that an ended token may be refreshed. */
const issueOf = ({ mode, accessExpiresAt, now }: Life): Date =>
  accessExpiresAt && accessExpiresAt <= now ? after(accessExpiresAt, -shortestAge(mode, 0)) : now;

/** A token that has ended already is refreshed at once. */
function dueOf({ random }: TokenContext, { mode, accessExpiresAt, now }: Life): Date | null {
  if (mode === 'none') return nextHealthChange({ accessExpiresAt }, now);
  if (accessExpiresAt && accessExpiresAt <= now) return now;
  return refreshDue(mode, now, accessExpiresAt, random);
}
