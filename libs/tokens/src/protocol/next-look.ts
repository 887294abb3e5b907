import { days } from '#config';
import { after } from './due.js';
import type { GrantFacts } from './grant.js';

const SOON = days(7);

/** When a grant that nothing can refresh changes its health next: a week before its end, and at it. Null: never again. */
export function nextLook({ accessExpiresAt }: Pick<GrantFacts, 'accessExpiresAt'>, now: Date): Date | null {
  if (accessExpiresAt === null) return null;
  const moments = [after(accessExpiresAt, -SOON), accessExpiresAt];
  return moments.find((moment) => moment > now) ?? null;
}
