import type { Secret } from '#observability';
import { isFresh } from '../protocol/fresh.js';
import type { GrantFacts } from '../protocol/grant.js';
import type { Room } from '../room.js';
import { type AppRow, readApp, waitOf } from '../store/apps.js';
import { type Claim, releaseClaim } from '../store/claims.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { GrantTokens } from '../vault.js';
import { lookAgain, settlePause } from './settle-claim.js';
import { transaction } from '#persistence';

/** All that one refresh needs, opened for its length. */
export interface Refresh {
  claim: Claim;
  app: AppRow;
  tokens: GrantTokens;
  /** The token that is spent or extended by it. */
  sent: Secret;
}

/** After winning the claim, look again: is there something to send, is it time, may the app be used? */
export async function prepareRefresh(room: Room, claim: Claim): Promise<Refresh | RefreshOutcome> {
  const { grant, now } = claim;
  const [tokens, app] = await Promise.all([room.vault.openGrantTokens(room.pool, grant), readApp(room.pool, grant.oauthAppId)]);
  const sent = tokens && tokenToSend(grant, tokens);
  if (!sent || !app) return lookAgain(room, claim);
  if (isFresh(grant, now)) {
    await transaction(room.pool, (tx) => releaseClaim(tx, claim));
    return { kind: 'fresh' };
  }
  const pausedFor = await waitOf(room.pool, app);
  if (pausedFor > 0) return settlePause(room, claim, { pausedFor });
  return { claim, app, tokens, sent };
}

/** What a refresh spends: the refresh token, or the access token where that one is extended; null: there is nothing. */
export function tokenToSend({ mode }: GrantFacts, tokens: GrantTokens): Secret | null {
  if (mode === 'none') return null;
  return mode === 'extend_self' ? tokens.access : tokens.refresh;
}
