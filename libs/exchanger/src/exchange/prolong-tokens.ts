import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '#config';
import type { Environment } from '#persistence/sql';
import { type AppCredentials, type Provider, readTokenAnswer, type TokenOutcome, type TokenSet } from '#providers';
import { API_DEADLINE } from '#tokens';
import type { ExchangerContext } from '../exchanger-context.js';

export const NOT_PROLONGED = { class: 'temporary', reason: 'provider_unavailable', code: 'not_prolonged' } as const;

/** Seconds between the requests, which a browser waits for. Parts of the platform may not accept so new a token yet. */
const PAUSES_IN_SECONDS = [1, 2, 4, 8] as const;
/** No request begins later than this, so that slow answers and pauses together end before the browser is redirected. */
const LAST_REQUEST_AFTER_MS = seconds(40);

/** The token set of a code, at a platform that exchanges it for a long-lived one. */
export interface ShortLived {
  provider: Provider;
  environment: Environment;
  app: AppCredentials;
  tokens: TokenSet;
}

/** Exchanges a token set for a long-lived one. The request may be repeated, so a failure that can pass is. */
export async function prolongTokens(context: ExchangerContext, short: ShortLived): Promise<TokenOutcome> {
  const begin = performance.now();
  for (const wait of PAUSES_IN_SECONDS) {
    const outcome = await prolongOnce(context, short);
    const requested = waitOf(outcome);
    const isLate = performance.now() - begin + seconds(wait) > LAST_REQUEST_AFTER_MS;
    if (requested === undefined || requested > Math.max(...PAUSES_IN_SECONDS) || isLate) return outcome;
    await pause(seconds(Math.max(wait, requested)));
  }
  return prolongOnce(context, short);
}

/** Seconds that the platform requests to wait before a repeat; undefined: a repeat is of no use. */
function waitOf(outcome: TokenOutcome): number | undefined {
  if (outcome.ok) return undefined;
  const { class: failureClass, retryAfter = 0 } = outcome.failure;
  return failureClass === 'temporary' || failureClass === 'permanent' ? retryAfter : undefined;
}

async function prolongOnce(
  { client, logger }: ExchangerContext,
  { provider, environment, app, tokens }: ShortLived,
): Promise<TokenOutcome> {
  try {
    const request = provider.token.prolong?.({ app, accessToken: tokens.accessToken });
    if (!request) return { ok: true, tokens };
    const outcome = readTokenAnswer(provider, await client.send(request, { environment, within: API_DEADLINE }));
    // An unreadable answer to a request that may be repeated is a failure like others.
    if (!outcome.ok) return outcome.outcomeUnknown === 'success' ? { ok: false, failure: NOT_PROLONGED } : outcome;
    return { ok: true, tokens: { ...outcome.tokens, scopes: outcome.tokens.scopes ?? tokens.scopes } };
  } catch (error) {
    logger.warn({ err: error, provider: provider.name }, 'exchange.not_prolonged');
    return { ok: false, failure: NOT_PROLONGED };
  }
}
