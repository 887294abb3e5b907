import { startStopwatch } from '#config';
import { annotateSpan } from '#observability';
import type { PlatformAnswer, PlatformRequest } from '#providers';
import type { Environment } from '#persistence/sql';
import type { ExchangeResult } from '../metrics.js';
import type { JournaledIntent } from '../journal/journal.js';
import { isRefusedByDatabase } from './store-result.js';
import { NotSent, type PlatformConnection, TOKEN_DEADLINE } from '#tokens';
import {
  type Conclusion,
  conclusionOf,
  fromJournal,
  type Known,
  mayStillSend,
  nextStep,
  type Step,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';

/** One request to a token endpoint, with a handler for each way it can end. `Outcome` is what its caller receives. */
export interface Exchange<Outcome> {
  readonly intent: JournaledIntent;
  readonly environment: Environment;
  readonly provider: string;
  readonly kind: 'refresh' | 'code';
  /** The result for the metrics. */
  readonly result: ExchangeResult;
  /** Whether its answer is stored and exists once: the journal keeps it for a while. */
  readonly isKept: boolean;
  /** Builds the request. Not called for a request that an earlier process sent. */
  request(): PlatformRequest | Promise<PlatformRequest>;
  /** Notes the dispatch in the database. False: the claim was lost. */
  mark(): Promise<boolean>;
  /** Each of these stores the result, and retries until it is stored. */
  answered(answer: PlatformAnswer): Promise<Outcome>;
  lost(): Promise<Outcome>;
  unreached(): Promise<Outcome>;
  cancelled(): Promise<Outcome>;
  /** The database refuses the answer for good, and the journal keeps it. */
  refusedByDatabase(): Promise<Outcome>;
}

/** Takes the steps of the protocol one after the other. */
export async function runExchange<Outcome>(context: ExchangerContext, exchange: Exchange<Outcome>): Promise<Outcome> {
  annotateSpan({ 'evergrant.provider': exchange.provider });
  const run = new Run(context, exchange);
  return run.toItsEnd({});
}

/** Continues the exchange of an ended process: with its answer, or without one. */
export async function resumeExchange<Outcome>(
  context: ExchangerContext,
  exchange: Exchange<Outcome>,
  answer: PlatformAnswer | null,
): Promise<Outcome> {
  const run = new Run(context, exchange, answer);
  return run.toItsEnd(fromJournal(answer !== null));
}

/** Logs labels and length of an unreadable answer, none of its bytes: they may hold a token. */
export function logUnreadable(
  { logger }: ExchangerContext,
  { intent, provider }: Pick<Exchange<unknown>, 'intent' | 'provider'>,
  answer: PlatformAnswer,
): void {
  const { status, headers, body } = answer;
  const labels = {
    contentType: headers['content-type']?.slice(0, 100),
    contentEncoding: headers['content-encoding']?.slice(0, 100),
  };
  logger.warn({ ...idsOf(intent), provider, status, ...labels, bytes: body.length }, 'exchange.answer_unreadable');
}

/** The ids of an exchange in a log line: its own, and that of its grant or its attempt. */
export const idsOf = ({ intentId, kind, subjectId }: JournaledIntent): object => ({
  intent: intentId,
  [kind === 'refresh' ? 'grant' : 'attempt']: subjectId,
});

class Run<Outcome> {
  #connection: PlatformConnection | undefined;
  #outcome: Outcome | undefined;
  #seconds = 0;

  constructor(
    private readonly context: ExchangerContext,
    private readonly exchange: Exchange<Outcome>,
    private answer: PlatformAnswer | null = null,
  ) {}

  async toItsEnd(known: Known): Promise<Outcome> {
    for (let step = nextStep(known); step !== 'done'; step = nextStep(known)) {
      known = { ...known, ...(await this.take(step, known)) };
    }
    return this.#outcome as Outcome;
  }

  private take(step: Exclude<Step, 'done'>, known: Known): Promise<Known> {
    if (step === 'conclude') return this.conclude(conclusionOf(known));
    return step === 'set_aside' ? this.setAside() : this[step]();
  }

  private async connect(): Promise<Known> {
    const { context, exchange } = this;
    try {
      this.#connection = await context.client.connect(await exchange.request(), exchange.environment);
    } catch (error) {
      if (!(error instanceof NotSent)) throw error;
      return this.unsent(error);
    }
    context.at?.('W2');
    return { reached: true };
  }

  /** Notes the dispatch in the journal, for this process, and in the database, for others. If either fails, nothing is sent. */
  private async dispatch(): Promise<Known> {
    const { context, exchange } = this;
    const sinceNote = startStopwatch();
    const noted = await Promise.allSettled([context.journal.dispatched(exchange.intent), exchange.mark()]);
    const dispatched =
      noted.every((one) => one.status === 'fulfilled' && one.value !== false) && mayStillSend(sinceNote());
    if (!dispatched) {
      this.#connection?.abort();
      const failed = noted.find((one) => one.status === 'rejected');
      context.logger.warn({ err: failed?.reason as unknown, ...idsOf(exchange.intent) }, 'exchange.not_dispatched');
    }
    return { dispatched };
  }

  private async send(): Promise<Known> {
    const { context, exchange } = this;
    context.metrics.inFlight(1);
    const sentAt = performance.now();
    const sending = this.#connection?.send(TOKEN_DEADLINE);
    context.at?.('W3');
    try {
      this.answer = (await sending) ?? null;
    } catch (error) {
      if (error instanceof NotSent) return this.unsent(error);
      context.logger.warn({ err: error, ...idsOf(exchange.intent) }, 'exchange.answer_lost');
      context.metrics.answerLost(exchange.provider);
      return { answer: 'lost' };
    } finally {
      this.#seconds = (performance.now() - sentAt) / 1_000;
      context.metrics.inFlight(-1);
    }
    context.at?.('W4');
    return { answer: 'arrived' };
  }

  private async record(): Promise<Known> {
    const { context, exchange, answer } = this;
    try {
      if (answer) await context.journal.answered(exchange.intent, answer);
    } catch (error) {
      context.logger.error({ err: error, ...idsOf(exchange.intent) }, 'exchange.answer_not_journaled');
      return { recorded: false };
    }
    context.at?.('W5');
    return { recorded: true };
  }

  /** Without the disk the answer is in memory alone, and lost with the end of the exchange. */
  private async setAside(): Promise<Known> {
    const { context, exchange, answer } = this;
    try {
      await context.journal.setAside({ intent: exchange.intent, answer });
    } catch (error) {
      context.logger.error({ err: error, ...idsOf(exchange.intent) }, 'exchange.answer_not_set_aside');
      return { setAside: false };
    }
    return { setAside: true };
  }

  private async conclude(conclusion: Conclusion): Promise<Known> {
    try {
      this.#outcome =
        conclusion === 'answered' && this.answer
          ? await this.exchange.answered(this.answer)
          : await this.without(conclusion);
    } catch (error) {
      if (conclusion !== 'answered' || !isRefusedByDatabase(error)) throw error;
      this.context.logger.error({ err: error, ...idsOf(this.exchange.intent) }, 'exchange.answer_refused_by_database');
      return { refused: true };
    }
    const { provider, kind, result } = this.exchange;
    this.context.metrics.exchangeEnded({ provider, kind, outcome: result, seconds: this.#seconds });
    this.context.at?.('W7');
    return { concluded: true };
  }

  private without(conclusion: Conclusion): Promise<Outcome> {
    if (conclusion === 'unreached') return this.exchange.unreached();
    if (conclusion === 'refused') return this.exchange.refusedByDatabase();
    return conclusion === 'cancelled' ? this.exchange.cancelled() : this.exchange.lost();
  }

  private close(): Promise<Known> {
    this.context.journal.settled(this.exchange.intent.intentId, this.exchange.isKept);
    return Promise.resolve({ closed: true });
  }

  private unsent(error: NotSent): Known {
    this.context.logger.warn({ err: error, ...idsOf(this.exchange.intent) }, 'exchange.not_reached');
    return { reached: false };
  }
}
