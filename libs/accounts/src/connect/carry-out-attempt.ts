import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { codeOf, LOGGER, type Logger } from '#observability';
import type { AttemptError, AttemptRow } from '#persistence';
import type { CodeOutcome, TokenExchange } from '#tokens';
import { PAUSE, type Pause, TOKEN_EXCHANGE } from '../injection.js';
import type { Callback } from './callback.js';
import { FailAttempt } from './fail-attempt.js';
import { FinishAttempt } from './finish-attempt.js';
import { type Ending, reasonOf } from './landing.js';

/** A spent attempt, to its end: exchange the code, ask whose it is, store grant and accounts. */
@Injectable()
export class CarryOutAttempt {
  constructor(
    private readonly failAttempt: FailAttempt,
    private readonly finish: FinishAttempt,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PAUSE) private readonly pause: Pause,
  ) {}

  /** Where the exchanger broke off with the code in hand the attempt may still end well: who comes back is told to read it. */
  async execute(attempt: AttemptRow, { code, refusal }: Callback): Promise<Ending> {
    try {
      if (refusal) return await this.fail(attempt, reasonOf(attempt.provider, refusal));
      if (!code) return await this.fail(attempt, 'exchange_failed');
      const outcome = await this.exchange.exchangeCode(attempt.id, code);
      if (outcome.kind !== 'exchanged')
        return await this.fail(attempt, reasonOfFailure(outcome), codeOfFailure(outcome));
      return await this.complete(attempt);
    } catch (caught) {
      this.logger.error({ err: caught, attempt: attempt.id }, 'an attempt broke off');
      return { oauth_error: codeOf(caught) === 'exchanger.unavailable' ? 'provider_unavailable' : 'server_error' };
    }
  }

  /** What cannot be finished while the browser waits is finished by the sweep: the token set waits in the attempt. */
  private async complete(attempt: AttemptRow): Promise<Ending> {
    let finished = await this.finish.execute(attempt.id);
    while (finished.kind === 'later' && finished.soon !== undefined) {
      await this.pause(seconds(finished.soon));
      finished = await this.finish.execute(attempt.id);
    }
    if (finished.kind === 'completed') return { connected: attempt.provider };
    if (finished.kind === 'selection_required') return { selection_required: attempt.provider };
    return { oauth_error: finished.kind === 'failed' ? finished.error : 'provider_unavailable' };
  }

  private async fail(attempt: AttemptRow, error: AttemptError, code?: string): Promise<Ending> {
    await this.failAttempt.execute(attempt, error, code);
    return { oauth_error: error };
  }
}

type NotExchanged = Exclude<CodeOutcome, { kind: 'exchanged' }>;

function reasonOfFailure(outcome: NotExchanged): AttemptError {
  if (outcome.kind === 'unreachable') return 'provider_unavailable';
  if (outcome.kind === 'lost') return 'exchange_failed';
  const { class: of, reason } = outcome.failure;
  if (of === 'app' || reason === 'app_misconfigured') return 'app_misconfigured';
  return of === 'temporary' ? 'provider_unavailable' : 'exchange_failed';
}

/** The platform's own code. */
const codeOfFailure = (outcome: NotExchanged): string | undefined =>
  outcome.kind === 'refused' ? outcome.failure.code : undefined;
