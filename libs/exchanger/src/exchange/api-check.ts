import type { Secret } from '#observability';
import type { Failure } from '#providers';
import { identify } from '#tokens';
import { type GrantFacts, hasEnded, type ApiCheck } from '#tokens/protocol';
import { databaseNow, reportBrokenSeal } from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';
import { chooseCanaries } from '../store/canary.js';

/** `explained`: the API reports that the person must act at the platform, or that the app is refused; either explains the refusal. */
export type ApiCheckResult = { kind: 'checked'; apiCheck: ApiCheck } | { kind: 'explained'; failure: Failure };

const isExplanation = ({ class: of, reason }: Failure): boolean =>
  of === 'owner' || (of === 'app' && reason === 'app_misconfigured');

/** Whether the API still accepts the access token of a grant whose refresh was refused. An expired token cannot show it. */
export async function checkWithApi(
  context: ExchangerContext,
  grant: GrantFacts,
  accessToken: Secret,
): Promise<ApiCheckResult> {
  const now = await databaseNow(context.pool);
  if (hasEnded(grant, now)) return { kind: 'checked', apiCheck: 'silent' };
  const outcome = await identify(context, grant, accessToken, grant.scopes);
  if (outcome.ok) return { kind: 'checked', apiCheck: 'accepts' };
  const { failure } = outcome;
  if (isExplanation(failure)) return { kind: 'explained', failure };
  const apiCheck = (
    { permanent: 'refuses', permission: 'accepts', temporary: 'silent', app: 'silent', owner: 'silent' } as const
  )[failure.class];
  return { kind: 'checked', apiCheck };
}

/** Checks the access tokens of some other grants of the app with the platform's API: when one was accepted, or null. */
export async function checkCanaryGrants(context: ExchangerContext, grant: GrantFacts): Promise<Date | null> {
  const others = await chooseCanaries(context.pool, grant);
  const taken = await Promise.all(others.map((other) => isTaken(context, other)));
  return taken.includes(true) ? databaseNow(context.pool) : null;
}

async function isTaken(context: ExchangerContext, other: GrantFacts): Promise<boolean> {
  const tokens = await context.vault
    .openGrantTokens(context.pool, other)
    // It cannot be checked; the result of this grant is stored all the same.
    .catch((error: unknown) => reportBrokenSeal(context, error).then(() => null));
  if (!tokens) return false;
  const outcome = await identify(context, other, tokens.access, other.scopes);
  return outcome.ok || outcome.failure.class === 'permission';
}
