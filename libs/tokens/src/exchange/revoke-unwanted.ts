import type { TokenSet } from '#providers';
import type { Room } from '../room.js';
import type { AttemptAhead } from '../store/attempts.js';
import { revokeTokens } from './revoke-tokens.js';
import { identify } from './witness.js';

/** Revokes a token set whose attempt was given up before it came, once it is known whose it is: a living grant must not die of it. */
export async function revokeUnwanted(room: Room, attempt: AttemptAhead, tokens: TokenSet): Promise<void> {
  const outcome = await identify(room, attempt, tokens.accessToken, tokens.scopes ?? []);
  if (outcome.ok) await revokeTokens(room, { ...attempt, ...tokens, platformUserId: outcome.identity.platformUserId });
}
