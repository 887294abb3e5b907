import { runRevocations } from '../../outages/revocations.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const SIZES = { short: { accounts: 60, revoked: 6 }, long: { accounts: 1_000, revoked: 100 } };

/** Grants that their persons revoke without a notification, until 30 minutes after all of them were due; virtual time. */
export async function revokedGrants({ databases, seed, short }: PromiseSettings): Promise<PromisedFigure[]> {
  const size = short ? SIZES.short : SIZES.long;
  const { revoked, flagged, others } = await runRevocations({ databaseUrl: await databases.make(), ...size, seed });
  return [
    {
      name: 'revoked grants still active after 30 minutes in which they were due',
      target: '0, and no other account affected',
      measured: `${revoked - flagged} of ${revoked}, ${others} others`,
      isReached: revoked === size.revoked && flagged === revoked && others === 0,
    },
  ];
}
