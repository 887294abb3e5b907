import type { Secret } from '#observability';
import { type IdentityOutcome, providerOf, readIdentityAnswer } from '#providers';
import { API_DEADLINE, UNREACHABLE } from './platform-client.js';
import type { GrantFacts } from './protocol/grant.js';
import type { TokenContext } from './token-context.js';

/** Asks the platform whose access token this is. No answer counts as a temporary failure. */
export async function identify(
  context: Pick<TokenContext, 'client' | 'logger'>,
  who: Pick<GrantFacts, 'provider' | 'environment'>,
  accessToken: Secret,
  scopes: readonly string[],
): Promise<IdentityOutcome> {
  const provider = providerOf(who.provider);
  try {
    const request = provider.identity.request(accessToken, scopes);
    const answer = await context.client.send(request, { environment: who.environment, within: API_DEADLINE });
    return readIdentityAnswer(provider, answer);
  } catch (error) {
    context.logger.warn({ err: error, provider: who.provider }, 'no answer to an identity call');
    return { ok: false, failure: UNREACHABLE };
  }
}
