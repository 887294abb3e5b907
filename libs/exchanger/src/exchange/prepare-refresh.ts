import type { Secret } from '#observability';
import { type Tenant, together, transaction, type Tx } from '#persistence/sql';
import { type GrantFacts, isFresh } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { type AppRow, type Claim, claimGrant, type ClaimOptions, readApp, releaseClaim, waitOf } from '#tokens/store';
import type { GrantAhead } from '../store/wishes.js';
import type { GrantTokens, RefreshOutcome } from '#tokens';
import { lookAgain, settlePause } from './settle-claim.js';

/** All that one refresh needs, opened for its length. */
export interface Refresh {
  claim: Claim;
  app: AppRow;
  tokens: GrantTokens;
  /** The token that is spent or extended by it. */
  sent: Secret;
  /** Null for one that an earlier process sent: it is not sent again. */
  clientSecret: Secret | null;
}

interface Opened {
  app: AppRow | undefined;
  tokens: GrantTokens | null;
  clientSecret: Secret | null;
}

/** Claims, and reads what is needed then, in one round trip; in two where the grant came to another app while it waited. */
export function claimAndOpen(
  context: ExchangerContext,
  { grantId, appId, ...tenant }: GrantAhead,
  options: ClaimOptions,
): Promise<Opened & { claim: Claim | undefined }> {
  return together(context.pool, async (tx) => {
    const [claim, tokens, expected] = await Promise.all([
      claimGrant(tx, grantId, options),
      context.vault.openGrantTokens(tx, { ...tenant, id: grantId }),
      openAppOf(context, tx, { ...tenant, oauthAppId: appId }),
    ]);
    const moved = claim && claim.grant.oauthAppId !== appId;
    return { claim, tokens, ...(moved ? await openAppOf(context, tx, claim.grant) : expected) };
  });
}

async function openAppOf(
  context: ExchangerContext,
  tx: Tx,
  { oauthAppId, ...tenant }: Tenant & Pick<GrantFacts, 'oauthAppId'>,
): Promise<Omit<Opened, 'tokens'>> {
  const [app, clientSecret] = await Promise.all([
    readApp(tx, oauthAppId),
    oauthAppId === null ? null : context.vault.openClientSecret(tx, { ...tenant, id: oauthAppId }),
  ]);
  return { app, clientSecret };
}

/** After winning the claim, look again: is there something to send, is it time, may the app be used? */
export async function prepareRefresh(
  context: ExchangerContext,
  claim: Claim,
  { app, tokens, clientSecret }: Opened,
): Promise<Refresh | RefreshOutcome> {
  const { grant, now } = claim;
  const sent = tokens && tokenToSend(grant, tokens);
  if (!sent || !app) return lookAgain(context, claim);
  if (isFresh(grant, now)) {
    await transaction(context.pool, (tx) => releaseClaim(tx, claim));
    return { kind: 'fresh' };
  }
  const pausedFor = await waitOf(context.pool, app);
  if (pausedFor > 0) return settlePause(context, claim, { pausedFor });
  return { claim, app, tokens, sent, clientSecret };
}

/** What a refresh spends: the refresh token, or the access token where that one is extended; null: there is nothing. */
export function tokenToSend({ mode }: GrantFacts, tokens: GrantTokens): Secret | null {
  if (mode === 'none') return null;
  return mode === 'extend_self' ? tokens.access : tokens.refresh;
}
