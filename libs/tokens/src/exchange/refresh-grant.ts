import { mac } from '#crypto';
import type { Secret } from '#observability';
import { transaction } from '#persistence';
import { type PlatformAnswer, providerOf, readTokenAnswer } from '#providers';
import { NotSent, TOKEN_DEADLINE } from '../platform-client.js';
import { shortestAge } from '../protocol/due.js';
import type { GrantFacts } from '../protocol/grant.js';
import type { Room } from '../room.js';
import { openApp, readApp, type AppRow } from '../store/apps.js';
import { type Claim, claimGrant, markDispatched, releaseClaim } from '../store/claims.js';
import { readGrant } from '../store/grants.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { GrantTokens } from '../vault.js';
import { commitTokens } from './commit-tokens.js';
import { lookAgain, settleFailure, settleLostAnswer, settlePause, settleUnsent } from './settle-claim.js';

/** All that one refresh needs, opened for its length. */
export interface Refresh {
  claim: Claim;
  app: AppRow;
  tokens: GrantTokens;
  /** The token that is spent or extended by it. */
  sent: Secret;
}

/** One refresh of one grant (`refresh.md` 2.5): claim, look again, send once, read, commit. `busy`: somebody else has it. */
export async function refreshGrant(room: Room, grantId: string, forced: boolean): Promise<RefreshOutcome | 'busy'> {
  const claim = await transaction(room.pool, (tx) => claimGrant(tx, grantId, { holder: room.holder, forced }));
  if (!claim) return notClaimed(room, grantId);
  const prepared = await prepare(room, claim);
  if ('kind' in prepared) return prepared;
  const outcome = await carryOut(room, prepared);
  // An answer that got lost is asked for once more before any other work: a grace period is short.
  return outcome === 'lost' ? resend(room, grantId) : outcome;
}

async function resend(room: Room, grantId: string): Promise<RefreshOutcome> {
  const claim = await transaction(room.pool, (tx) => claimGrant(tx, grantId, { holder: room.holder, forced: false }));
  const prepared = claim && (await prepare(room, claim));
  if (!prepared) return { kind: 'nothing_to_do' };
  const outcome = 'kind' in prepared ? prepared : await carryOut(room, prepared);
  return outcome === 'lost' ? { kind: 'unavailable', retryAfter: 60 } : outcome;
}

async function notClaimed(room: Room, grantId: string): Promise<RefreshOutcome | 'busy'> {
  const read = await readGrant(room.pool, grantId);
  if (read?.grant.refreshState === 'ended') return { kind: 'refused' };
  return read && ['claimed', 'in_flight'].includes(read.grant.refreshState) ? 'busy' : { kind: 'nothing_to_do' };
}

/** After winning the claim, look again: is there something to send, is it time, may the app be used? */
async function prepare(room: Room, claim: Claim): Promise<Refresh | RefreshOutcome> {
  const { grant, now } = claim;
  const tokens = await room.vault.openGrantTokens(room.pool, grant);
  const app = await readApp(room.pool, grant.oauthAppId);
  const sent = tokens && tokenToSend(grant, tokens);
  if (!sent || !app) return lookAgain(room, claim);
  if (isFresh(grant, now)) {
    await transaction(room.pool, (tx) => releaseClaim(tx, claim));
    return { kind: 'fresh' };
  }
  if (app.status === 'paused' && app.pausedFor > 0) return settlePause(room, claim, app);
  return { claim, app, tokens, sent };
}

/** What a refresh spends: the refresh token, or the access token where that one is extended; null: there is nothing. */
function tokenToSend({ mode }: GrantFacts, tokens: GrantTokens): Secret | null {
  if (mode === 'none') return null;
  return mode === 'extend_self' ? tokens.access : tokens.refresh;
}

/** A token this young is not renewed, whoever asks. */
function isFresh({ refreshState, mode, issuedAt, accessExpiresAt }: GrantFacts, now: Date): boolean {
  const life = (accessExpiresAt ?? now).getTime() - issuedAt.getTime();
  return refreshState === 'idle' && now.getTime() - issuedAt.getTime() < shortestAge(mode, life);
}

async function carryOut(room: Room, refresh: Refresh): Promise<RefreshOutcome | 'lost'> {
  const provider = providerOf(refresh.claim.grant.provider);
  const answer = await send(room, refresh);
  if (answer === 'not_mine') return { kind: 'nothing_to_do' };
  if (answer === 'not_sent') return settleUnsent(room, refresh.claim);
  if (answer === 'lost') return settleLostAnswer(room, refresh.claim);
  const outcome = readTokenAnswer(provider, answer);
  if (outcome.ok) return commitTokens(room, refresh, outcome.tokens);
  return settleFailure(room, refresh, outcome.failure);
}

async function send(room: Room, { claim, app, tokens, sent }: Refresh): Promise<PlatformAnswer | 'not_mine' | 'not_sent' | 'lost'> {
  const credentials = await openApp(room.pool, room.vault, app);
  const { refresh } = providerOf(claim.grant.provider);
  const request = refresh.request({ app: credentials, accessToken: tokens.access, refreshToken: tokens.refresh });
  const fingerprint = mac(room.keyring.subkey('fingerprint'), sent.reveal());
  const mine = await transaction(room.pool, (tx) => markDispatched(tx, claim, fingerprint));
  if (!mine) return 'not_mine';
  try {
    return await room.client.send(request, { environment: claim.grant.environment, within: TOKEN_DEADLINE });
  } catch (error) {
    room.logger.warn({ err: error, grant: claim.grant.id }, 'no answer to a refresh');
    return error instanceof NotSent ? 'not_sent' : 'lost';
  }
}
