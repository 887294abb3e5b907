import type { Tx } from '#persistence/sql';
import type { Room } from '../room.js';
import type { RevocableTokens } from '../token-exchange.js';
import type { ExchangedAttempt } from './adopt-grant.js';

/** Destroys what is sealed in an attempt that made no account; a token set comes back once, to be revoked after the commit. */
export async function discardAttempt(
  room: Room,
  tx: Tx,
  attempt: Omit<ExchangedAttempt, 'exchangedAt'>,
  platformUserId: string | null,
): Promise<RevocableTokens | undefined> {
  const tokens = await room.vault.openAttemptTokens(tx, attempt);
  await room.vault.shredAttempt(tx, attempt.id);
  return tokens && platformUserId !== null ? { ...attempt, platformUserId, ...tokens } : undefined;
}
