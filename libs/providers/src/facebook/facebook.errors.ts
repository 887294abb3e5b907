import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { classifyGraphError } from '../graph-api/graph.errors.js';

/** Token endpoint and API use the same errors. */
export const classify = classifyGraphError;

/**
 * A refusal of `debug_token` itself is about the app's id and secret, which authenticate it, in the words in which an
 * account's token is refused elsewhere: `Invalid OAuth access token signature.` under 190 is a wrong secret.
 */
export function classifyProbe(answer: ReadAnswer): Failure | undefined {
  const failure = classifyGraphError(answer);
  if (!failure || failure.class === 'temporary') return failure;
  return { class: 'app', reason: 'app_misconfigured', code: failure.code };
}
