import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import { type Failure, type IdentityOutcome, providerOf, readIdentityAnswer } from '#providers';
import { API_DEADLINE, UNREACHABLE } from '../platform-client.js';
import type { Witness } from '../protocol/death-rule.js';
import { type GrantFacts, hasEnded } from '../protocol/grant.js';
import type { Room } from '../room.js';
import { chooseCanaries } from '../store/canary.js';
import { databaseNow } from '../store/grants.js';

/** Asks the platform who an access token speaks for. A platform that does not answer is a temporary failure. */
export async function identify(
  room: Room,
  who: Pick<GrantFacts, 'provider' | 'environment'>,
  accessToken: Secret,
  scopes: readonly string[],
): Promise<IdentityOutcome> {
  const provider = providerOf(who.provider);
  try {
    const request = provider.identity.request(accessToken, scopes);
    const answer = await room.client.send(request, { environment: who.environment, within: API_DEADLINE });
    return readIdentityAnswer(provider, answer);
  } catch (error) {
    room.logger.warn({ err: error, provider: who.provider }, 'no answer to an identity call');
    return { ok: false, failure: UNREACHABLE };
  }
}

/** `explained`: the API says that the person has to act at the platform first, or that the app is refused, which explains the refusal. */
export type Testimony = { kind: 'witness'; witness: Witness } | { kind: 'explained'; failure: Failure };

const isExplanation = ({ class: of, reason }: Failure): boolean =>
  of === 'owner' || (of === 'app' && reason === 'app_misconfigured');

/** Whether the API still takes the access token of a grant whose refresh was refused; a token that ended cannot say. */
export async function askWitness(room: Room, grant: GrantFacts, accessToken: Secret): Promise<Testimony> {
  const now = await databaseNow(room.pool);
  if (hasEnded(grant, now)) return { kind: 'witness', witness: 'silent' };
  const outcome = await identify(room, grant, accessToken, grant.scopes);
  if (outcome.ok) return { kind: 'witness', witness: 'accepts' };
  const { failure } = outcome;
  if (isExplanation(failure)) return { kind: 'explained', failure };
  const witness = (
    { permanent: 'refuses', permission: 'accepts', temporary: 'silent', app: 'silent', owner: 'silent' } as const
  )[failure.class];
  return { kind: 'witness', witness };
}

/** Shows the platform the access tokens of some other grants of the same app: when one was taken, or null. */
export async function askCanary(room: Room, grant: GrantFacts): Promise<Date | null> {
  const others = await chooseCanaries(room.pool, grant);
  const taken = await Promise.all(others.map((other) => isTaken(room, other)));
  return taken.includes(true) ? databaseNow(room.pool) : null;
}

async function isTaken(room: Room, other: GrantFacts): Promise<boolean> {
  const tokens = await room.vault.openGrantTokens(room.pool, other).catch(nothingIfBroken);
  if (!tokens) return false;
  const outcome = await identify(room, other, tokens.access, other.scopes);
  return outcome.ok || outcome.failure.class === 'permission';
}

/** What does not open cannot be shown; it is no reason to leave this one unsettled. */
function nothingIfBroken(error: unknown): null {
  if (error instanceof SealBroken) return null;
  throw error;
}
