import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { codeOf, LOGGER, type Logger } from '#observability';
import type { AttemptError, AttemptRow } from '#persistence';
import { type CallbackRefusal, findProvider, type RefusedConsent } from '#providers';
import type { CodeOutcome, TokenExchange } from '#tokens';
import { PAUSE, type Pause, TOKEN_EXCHANGE } from '../injection.js';
import { FailAttempt } from './fail-attempt.js';
import { FinishAttempt } from './finish-attempt.js';
import type { Callback } from './read-callback.js';

/** How the flow ended, as in the query of the return URL. */
export type Ending = { connected: string } | { selection_required: string } | { oauth_error: string };

/** Finishes an attempt whose state was spent: exchanges the code, identifies the person, stores grant and accounts. */
@Injectable()
export class ExchangeAttempt {
  constructor(
    private readonly failAttempt: FailAttempt,
    private readonly finishAttempt: FinishAttempt,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PAUSE) private readonly pause: Pause,
  ) {}

  /** Without an answer of the exchanger the attempt may still succeed: the caller reads it later. */
  async execute(attempt: AttemptRow, { code, refusal }: Callback): Promise<Ending> {
    try {
      if (refusal) return await this.fail(attempt, reasonOf(attempt.provider, refusal));
      if (!code) return await this.fail(attempt, 'exchange_failed');
      const outcome = await this.exchange.exchangeCode(attempt.id, code);
      if (outcome.kind === 'exchanged') return await this.finish(attempt);
      return await this.fail(attempt, errorOf(outcome), platformCodeOf(outcome));
    } catch (error) {
      this.logger.error({ err: error, attempt: attempt.id }, 'attempt.exchange_interrupted');
      return { oauth_error: codeOf(error) === 'exchanger.unavailable' ? 'provider_unavailable' : 'server_error' };
    }
  }

  /** What cannot be finished while the browser waits is finished by the sweep: the token set is sealed in the attempt. */
  private async finish(attempt: AttemptRow): Promise<Ending> {
    let finished = await this.finishAttempt.execute(attempt.id);
    while (finished.kind === 'later' && finished.waitSeconds !== undefined) {
      await this.pause(seconds(finished.waitSeconds));
      finished = await this.finishAttempt.execute(attempt.id);
    }
    if (finished.kind === 'completed' || finished.kind === 'confirmation_required')
      return { connected: attempt.provider };
    if (finished.kind === 'selection_required') return { selection_required: attempt.provider };
    return { oauth_error: finished.kind === 'failed' ? finished.error : 'provider_unavailable' };
  }

  private async fail(attempt: AttemptRow, error: AttemptError, platformCode?: string): Promise<Ending> {
    await this.failAttempt.execute(attempt, error, platformCode);
    return { oauth_error: error };
  }
}

/** Errors of RFC 6749 section 4.1.2.1, and those that platforms add to them. */
const REFUSED_CONSENTS: Record<string, RefusedConsent> = {
  unauthorized_client: 'app_misconfigured',
  invalid_client: 'app_misconfigured',
  invalid_scope: 'app_misconfigured',
  unauthorized_scope_error: 'app_misconfigured',
  scope_not_authorized: 'app_misconfigured',
  unsupported_response_type: 'app_misconfigured',
  redirect_uri_mismatch: 'app_misconfigured',
  application_suspended: 'app_misconfigured',
  temporarily_unavailable: 'provider_unavailable',
  server_error: 'provider_unavailable',
};

/** What a refusal means: a denial by the person first, then the platform's own terms, then the standard. */
export function reasonOf(provider: string, refusal: CallbackRefusal): RefusedConsent {
  const authorize = findProvider(provider)?.authorize;
  const isDenial = authorize?.denials.some((word) => word === refusal.error || word === refusal.reason);
  return isDenial ? 'access_denied' : (authorize?.refusal?.(refusal) ?? standardReason(refusal.error));
}

function standardReason(error = ''): RefusedConsent {
  return (Object.hasOwn(REFUSED_CONSENTS, error) ? REFUSED_CONSENTS[error] : undefined) ?? 'exchange_failed';
}

type NotExchanged = Exclude<CodeOutcome, { kind: 'exchanged' }>;

function errorOf(outcome: NotExchanged): AttemptError {
  if (outcome.kind === 'unreachable') return 'provider_unavailable';
  if (outcome.kind === 'lost') return 'exchange_failed';
  const { class: failureClass, reason } = outcome.failure;
  if (failureClass === 'app' || reason === 'app_misconfigured') return 'app_misconfigured';
  return failureClass === 'temporary' ? 'provider_unavailable' : 'exchange_failed';
}

const platformCodeOf = (outcome: NotExchanged): string | undefined =>
  outcome.kind === 'refused' ? outcome.failure.code : undefined;
