import { transaction } from '#persistence/sql';
import { type PlatformAnswer, providerOf } from '#providers';
import { keepAsOrphan } from '../grants/orphans.js';
import { API_DEADLINE } from '../platform-client.js';
import type { Room } from '../room.js';
import { openApp, readApp } from '../store/apps.js';
import { findLiving } from '../store/living-grant.js';
import { tokenSetComes, tokenSetWaits } from '../store/waiting-token-sets.js';
import type { RevocableTokens } from '../token-exchange.js';

/**
 * Revokes at the platform, unless that could end more than these tokens: where the same person has a living grant at the
 * same app by now, they are kept beside it; where one may be on its way, they are left to end by themselves.
 */
export async function revokeTokens(room: Room, tokens: RevocableTokens): Promise<boolean> {
  if (await isSpared(room, tokens)) return false;
  const answer = await send(room, tokens);
  if (answer) await lookAfter(room, tokens);
  return answer !== undefined && answer.status < 300;
}

/** Of tokens that nobody wants: what becomes of the exchange that brought them does not hang on it. */
export async function tryToRevoke(room: Room, { provider }: Pick<RevocableTokens, 'provider'>, revoke: () => Promise<unknown>): Promise<void> {
  try {
    await revoke();
  } catch (error) {
    room.logger.warn({ err: error, provider }, 'tokens that nobody wants were not revoked');
  }
}

function isSpared(room: Room, tokens: RevocableTokens): Promise<boolean> {
  return transaction(room.pool, async (tx) => {
    const living = await findLiving(tx, tokens);
    if (living) await keepAsOrphan(room, tx, living, tokens);
    return living !== undefined || (await tokenSetWaits(tx, tokens)) || (await tokenSetComes(tx, tokens));
  });
}

async function send(room: Room, tokens: RevocableTokens): Promise<PlatformAnswer | undefined> {
  const provider = providerOf(tokens.provider);
  const app = await readApp(room.pool, tokens.oauthAppId);
  if (!app || !provider.revoke) return undefined;
  try {
    const credentials = await openApp(room.pool, room.vault, app);
    return await room.client.send(provider.revoke({ app: credentials, ...tokens }), { environment: tokens.environment, within: API_DEADLINE });
  } catch (error) {
    room.logger.warn({ err: error, provider: tokens.provider }, 'a revocation was not answered');
    return undefined;
  }
}

const PROBE_SOON = `update accounts set probe_due_at = db_now() where grant_id = $1 and health <> 'disconnected'`;

/** A consent that came while the revocation was under way may have died of it: its probe tells within a minute. */
async function lookAfter(room: Room, tokens: RevocableTokens): Promise<void> {
  const living = await findLiving(room.pool, tokens);
  if (living) await room.pool.query(PROBE_SOON, [living.id]);
}
