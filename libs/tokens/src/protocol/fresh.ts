import { shortestAge } from './due.js';
import type { GrantFacts } from './grant.js';

/** A token this young is not renewed, whoever asks. */
export function isFresh({ refreshState, mode, issuedAt, accessExpiresAt }: GrantFacts, now: Date): boolean {
  const life = (accessExpiresAt ?? now).getTime() - issuedAt.getTime();
  return refreshState === 'idle' && now.getTime() - issuedAt.getTime() < shortestAge(mode, life);
}
