import { type RefreshMode, type Tenant, type Tx } from '#persistence/sql';
import { type Identity, type Provider, providerOf, type TokenSet } from '#providers';
import { accessLife, endOfLife, nextHealthChange, refreshDue } from '../protocol/schedule.js';
import { type ConsentedGrant, storeConsent } from '../store/grants/grants.js';
import type { TokenContext } from '../token-context.js';

/** An attempt whose code was exchanged. */
export interface ExchangedAttempt extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  /** The requested scopes: they count as granted where the platform reports scopes neither with its tokens nor with the identity. */
  scopes: string[];
  exchangedAt: Date;
}

export interface AdoptedGrant {
  grantId: string;
  /** Granted scopes. */
  scopes: string[];
}

/**
 * Turns the token set that waits in an attempt into its person's grant, new or renewed, in the caller's transaction. Where
 * a later consent of the same person has been stored already, and not been disconnected since, that one stays: the platform
 * ended this one with it.
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
  const row = await storeConsent(tx, consentOf(context, attempt, identity, { ...tokens, scopes }));
  await context.vault.shredAttempt(tx, attempt.id);
  if (!row) return laterGrant(tx, attempt, identity);
  await context.vault.sealGrantTokens(tx, { ...attempt, id: row.id }, row.version, {
    access: tokens.accessToken,
    refresh: tokens.refreshToken,
    previous: null,
  });
  return { grantId: row.id, scopes };
}

function consentOf(
  context: TokenContext,
  attempt: ExchangedAttempt,
  identity: Identity,
  tokens: TokenSet & { scopes: string[] },
): ConsentedGrant {
  const provider = providerOf(attempt.provider);
  const mode = modeOf(provider, tokens);
  const consentedAt = attempt.exchangedAt;
  const accessExpiresAt = endOfLife(consentedAt, accessLife(tokens, { mode, defaultLife: provider.token.defaultLife }));
  const refreshExpiresAt = endOfLife(consentedAt, tokens.refreshExpiresIn);
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

async function laterGrant(tx: Tx, attempt: ExchangedAttempt, identity: Identity): Promise<AdoptedGrant> {
  const { rows } = await tx.query<{ grantId: string; scopes: string[] }>(
    `select id as "grantId", scopes from grants where workspace_id = $1 and environment = $2 and oauth_app_id = $3 and platform_user_id = $4`,
    [attempt.workspaceId, attempt.environment, attempt.oauthAppId, identity.platformUserId],
  );
  if (!rows[0]) throw new Error('a grant that stood in the way is not there');
  return rows[0];
}
