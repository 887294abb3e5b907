import type { Environment } from '#persistence/sql';
import type { Failure, PlatformAnswer, PlatformRequest } from '#providers';
import { API_DEADLINE, UNREACHABLE } from './platform-client.js';
import type { TokenContext } from './token-context.js';

/** The platform that an API call goes to. */
export interface ApiTarget {
  provider: string;
  environment: Environment;
}

/** One call of an API with a short answer. `read` derives the outcome; no answer counts as a temporary failure. */
export async function callApi<Outcome>(
  { client, logger }: Pick<TokenContext, 'client' | 'logger'>,
  { provider, environment }: ApiTarget,
  request: PlatformRequest,
  read: (answer: PlatformAnswer) => Outcome,
): Promise<Outcome | { ok: false; failure: Failure }> {
  try {
    return read(await client.send(request, { environment, within: API_DEADLINE }));
  } catch (error) {
    logger.warn({ err: error, provider }, 'api.not_answered');
    return { ok: false, failure: UNREACHABLE };
  }
}
