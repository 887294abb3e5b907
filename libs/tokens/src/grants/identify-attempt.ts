import type { IdentityOutcome } from '#providers';
import { identify } from '../exchange/witness.js';
import type { Room } from '../room.js';
import type { ExchangedAttempt } from './adopt-grant.js';

/** Asks the platform whose the token set in an attempt is. Undefined: there is none any more. */
export async function identifyAttempt(room: Room, attempt: ExchangedAttempt): Promise<IdentityOutcome | undefined> {
  const tokens = await room.vault.openAttemptTokens(room.pool, attempt);
  return tokens ? identify(room, attempt, tokens.accessToken, tokens.scopes ?? attempt.scopes) : undefined;
}
