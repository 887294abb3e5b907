import { newId, type RefreshMode, type Tenant, type Tx } from '#persistence/sql';
import { type Identity, type Provider, providerOf, type TokenSet } from '#providers';
import { accessLife, endOfLife, nextHealthChange, refreshDue } from '../protocol/schedule.js';
import type { TokenContext } from '../token-context.js';

/** An attempt whose code was exchanged. */
export interface ExchangedAttempt extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  /** The scopes asked for: what counts as granted where the platform says it neither with its tokens nor with the identity. */
  scopes: string[];
  exchangedAt: Date;
}

export interface AdoptedGrant {
  grantId: string;
  /** Granted scopes. */
  scopes: string[];
}

const UPSERT = `
  insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, scopes,
    access_expires_at, refresh_expires_at, consented_at, issued_at, refresh_due_at, reauth_due_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)
  on conflict (workspace_id, environment, oauth_app_id, platform_user_id) do update set
    token_version = grants.token_version + 1, mode = excluded.mode, scopes = excluded.scopes,
    access_expires_at = excluded.access_expires_at, refresh_expires_at = excluded.refresh_expires_at,
    consented_at = excluded.consented_at, issued_at = excluded.issued_at, refresh_due_at = excluded.refresh_due_at,
    reauth_due_at = excluded.reauth_due_at, refresh_state = 'idle', claim_holder = null, claim_until = null, attempt = 0,
    last_class = null, last_reason = null, last_error = null, strike_count = 0,
    first_strike_at = null, last_strike_at = null, witness = null, unknown_since = null,
    rejected_seconds = 0, rejected_at = null, ended_reason = null
  where grants.consented_at <= excluded.consented_at or not exists (select 1 from grant_tokens where grant_id = grants.id)
  returning id, token_version as version`;

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
  const { rows } = await tx.query<{ id: string; version: string }>(
    UPSERT,
    values(context, attempt, identity, { ...tokens, scopes }),
  );
  await context.vault.shredAttempt(tx, attempt.id);
  const [row] = rows;
  if (!row) return { grantId: await laterGrant(tx, attempt, identity), scopes };
  await context.vault.sealGrantTokens(tx, { ...attempt, id: row.id }, row.version, {
    access: tokens.accessToken,
    refresh: tokens.refreshToken,
    previous: null,
  });
  return { grantId: row.id, scopes };
}

function values(context: TokenContext, attempt: ExchangedAttempt, identity: Identity, tokens: TokenSet): unknown[] {
  const provider = providerOf(attempt.provider);
  const mode = modeOf(provider, tokens);
  const issuedAt = attempt.exchangedAt;
  const accessExpiresAt = endOfLife(issuedAt, accessLife(tokens, { mode, defaultLife: provider.token.defaultLife }));
  const refreshExpiresAt = endOfLife(issuedAt, tokens.refreshExpiresIn);
  const dueAt =
    refreshDue(mode, issuedAt, accessExpiresAt, context.random) ?? nextHealthChange({ accessExpiresAt }, issuedAt);
  const { workspaceId, environment } = attempt;
  const owner = [newId(), workspaceId, environment, attempt.provider, attempt.oauthAppId, identity.platformUserId];
  const reauthDueAt = provider.refresh.endsForGood ? refreshExpiresAt : null;
  return [...owner, mode, tokens.scopes, accessExpiresAt, refreshExpiresAt, issuedAt, dueAt, reauthDueAt];
}

/** The platform's mode, if this consent came with what the mode needs. */
function modeOf({ refresh }: Provider, { refreshToken }: TokenSet): RefreshMode {
  return refresh.mode === 'extend_self' || refreshToken ? refresh.mode : 'none';
}

async function laterGrant(tx: Tx, attempt: ExchangedAttempt, identity: Identity): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from grants where workspace_id = $1 and environment = $2 and oauth_app_id = $3 and platform_user_id = $4`,
    [attempt.workspaceId, attempt.environment, attempt.oauthAppId, identity.platformUserId],
  );
  if (!rows[0]) throw new Error('a grant that stood in the way is not there');
  return rows[0].id;
}
