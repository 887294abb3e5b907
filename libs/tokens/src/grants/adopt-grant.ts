import { SealBroken } from '#crypto';
import { type RefreshMode, type Tenant, type Tx } from '#persistence/sql';
import { type Identity, type Provider, providerOf, type TokenSet } from '#providers';
import { accessLife, endOfLife, nextHealthChange, refreshDue } from '../protocol/schedule.js';
import type { GrantFacts } from '../protocol/grant.js';
import { type ConsentedGrant, grantColumns, storeConsent, toGrant } from '../store/grants/grants.js';
import { keepAsOrphan } from './keep-orphan.js';
import type { TokenContext } from '../token-context.js';

/** An attempt whose code was exchanged. */
export interface ExchangedAttempt extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  /** The requested scopes: they count as granted where the platform reports scopes neither with its tokens nor with the identity. */
  scopes: string[];
  exchangedAt: Date;
  /** The order among the person's consents; null: it gets the next number when it is stored. */
  consentSequence: string | null;
}

export interface AdoptedGrant {
  grantId: string;
  /** Granted scopes. */
  scopes: string[];
}

/**
 * Turns the token set that waits in an attempt into its person's grant, new or renewed, in the caller's transaction. Where
 * a later consent of the same person has been stored already, and not been disconnected since, that one stays, and this token
 * set is kept beside it.
 */
export async function adoptGrant(
  context: TokenContext,
  tx: Tx,
  attempt: ExchangedAttempt,
  identity: Identity,
): Promise<AdoptedGrant> {
  const tokens = await context.vault.openAttemptTokens(tx, attempt);
  if (!tokens) throw new Error(`the attempt ${attempt.id} holds no token set`);
  const scopes = tokens.scopes ?? identity.scopes ?? attempt.scopes;
  const before = await findGrant(tx, attempt, identity);
  const kept = await keepStaticToken(context, tx, before, tokens);
  const row = await storeConsent(tx, consentOf(context, attempt, identity, { ...tokens, ...kept, scopes }));
  await context.vault.shredAttempt(tx, attempt.id);
  if (!row) return keepBesideLater(context, tx, await findGrant(tx, attempt, identity), tokens);
  await context.vault.shredOrphansBefore(tx, row.id, attempt.exchangedAt);
  await context.vault.sealGrantTokens(tx, { ...attempt, id: row.id }, row.version, {
    access: tokens.accessToken,
    refresh: kept.refreshToken,
    previous: null,
  });
  return { grantId: row.id, scopes };
}

async function keepBesideLater(
  context: TokenContext,
  tx: Tx,
  later: GrantFacts | undefined,
  tokens: TokenSet,
): Promise<AdoptedGrant> {
  if (!later) throw new Error('a consent was not stored, and its person has no grant');
  await keepAsOrphan(context, tx, { ...later, holder: 'consent' }, tokens);
  return { grantId: later.id, scopes: later.scopes };
}

/** The grant of a person at an app, locked: until the transaction ends, no refresh replaces its tokens. */
async function findGrant(
  tx: Tx,
  attempt: ExchangedAttempt,
  { platformUserId }: Identity,
): Promise<GrantFacts | undefined> {
  const { rows } = await tx.query(OF_PERSON, [
    attempt.workspaceId,
    attempt.environment,
    attempt.oauthAppId,
    platformUserId,
  ]);
  return rows[0] && toGrant(rows[0]);
}

const OF_PERSON = `
  select ${grantColumns('grants')} from grants
  where workspace_id = $1 and environment = $2 and oauth_app_id = $3 and platform_user_id = $4 for no key update`;

/** The consent replaces a pair that does not open. */
function noneIfBroken(error: unknown): null {
  if (error instanceof SealBroken) return null;
  throw error;
}

type RefreshPart = Pick<TokenSet, 'refreshToken' | 'refreshExpiresIn'>;

/** A consent that brings no refresh token does not end one that works more than once and was not refused: it stays with its expiry. */
async function keepStaticToken(
  context: TokenContext,
  tx: Tx,
  before: GrantFacts | undefined,
  { refreshToken, refreshExpiresIn }: TokenSet,
): Promise<RefreshPart & { keptUntil?: Date | null }> {
  if (refreshToken || before?.mode !== 'static' || before.endedReason !== null)
    return { refreshToken, refreshExpiresIn };
  const stored = await context.vault.openGrantTokens(tx, before).catch(noneIfBroken);
  return { refreshToken: stored?.refresh ?? null, refreshExpiresIn, keptUntil: before.refreshExpiresAt };
}

function consentOf(
  context: TokenContext,
  attempt: ExchangedAttempt,
  identity: Identity,
  tokens: TokenSet & { scopes: string[]; keptUntil?: Date | null },
): ConsentedGrant {
  const provider = providerOf(attempt.provider);
  const mode = modeOf(provider, tokens);
  const consentedAt = attempt.exchangedAt;
  const accessExpiresAt = endOfLife(consentedAt, accessLife(tokens, { mode, defaultLife: provider.token.defaultLife }));
  const refreshExpiresAt = tokens.keptUntil ?? endOfLife(consentedAt, tokens.refreshExpiresIn);
  return {
    workspaceId: attempt.workspaceId,
    environment: attempt.environment,
    provider: attempt.provider,
    oauthAppId: attempt.oauthAppId,
    platformUserId: identity.platformUserId,
    mode,
    scopes: tokens.scopes,
    accessExpiresAt,
    refreshExpiresAt,
    consentedAt,
    consentSequence: attempt.consentSequence,
    refreshDueAt:
      refreshDue(mode, consentedAt, accessExpiresAt, context.random) ??
      nextHealthChange({ accessExpiresAt }, consentedAt),
    reauthDueAt: provider.refresh.endsForGood ? refreshExpiresAt : null,
  };
}

/** The platform's mode, if this consent came with what the mode needs. */
function modeOf({ refresh }: Provider, { refreshToken }: TokenSet): RefreshMode {
  return refresh.mode === 'extend_self' || refreshToken ? refresh.mode : 'none';
}
