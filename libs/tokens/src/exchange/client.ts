import { z } from 'zod';
import { minutes, seconds } from '#config';
import { CodedError, type Logger, Secret } from '#observability';
import { CallBroken, type Connection, NotReached, SharedConnection, type SocketCall } from './connection.js';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, RevocableTokens, TokenExchange } from './token-exchange.js';
import {
  codeCall,
  type ExchangerHealth,
  exchangerHealth,
  exchangerMetrics,
  refreshCall,
  type Reply,
  revokeCall,
  type WireCall,
} from './wire.schema.js';
import { setTimeout as pause } from 'node:timers/promises';

/** Longer than an exchange takes (docs/refresh.md): an exchanger that has not answered by then is frozen, or goes on without its caller. */
const ANSWERED_WITHIN = minutes(4);
/** How long an exchanger that is away is waited for. A browser waits for the code, at some platforms for 30 seconds only. */
const REFRESH_PATIENCE = seconds(10);
const CODE_PATIENCE = seconds(25);
/** Tokens to be revoked exist in this process only, and no request waits: an exchanger may drain for two minutes before it restarts. */
const REVOKE_PATIENCE = minutes(5);
/** The same, while this process ends. */
const LAST_REVOKE_PATIENCE = seconds(10);
const LONGEST_REVOKE_PAUSE = seconds(5);
const LATER: RefreshOutcome = { kind: 'unavailable', retryAfter: 15 };

type Waiting = Omit<Parameters<typeof patientCall>[1], 'name' | 'input' | 'within'>;

/** The exchanger as other processes see it. */
export interface Exchanger extends TokenExchange {
  /** Rejects when the exchanger does not answer. */
  health(): Promise<ExchangerHealth>;
  /** Its metrics in Prometheus' text format. Rejects when the exchanger does not answer. */
  metrics(): Promise<string>;
  /** Resolves when every revocation that this process began has ended. */
  drain(): Promise<void>;
}

/** The exchanger that listens at a socket. */
export const connectExchanger = (socketPath: string, logger: Logger): Exchanger =>
  new ExchangeClient(new SharedConnection(socketPath), logger);

/** The exchanger, called over a connection. */
export class ExchangeClient implements Exchanger {
  readonly #revoking = new Set<Promise<unknown>>();
  #ending = false;

  constructor(
    private readonly connection: Connection,
    private readonly logger: Logger,
  ) {}

  async exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    try {
      return await this.call(codeCall, { attemptId, code }, { patience: CODE_PATIENCE });
    } catch (error) {
      // What was taken may still end well: the attempt is left as it is, for the sweep.
      if (error instanceof OutOfPatience && !error.taken) return { kind: 'unreachable' };
      throw error;
    }
  }

  async refresh(grantId: string, { forced = false, patience = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    try {
      return await this.call(refreshCall, { grantId, forced, patience }, { patience: patience || REFRESH_PATIENCE });
    } catch (error) {
      this.logger.warn({ err: error, call: refreshCall.name }, 'the exchanger did not answer a call');
      return LATER;
    }
  }

  revoke(tokens: RevocableTokens): Promise<boolean> {
    const revoking = this.askToRevoke(tokens).finally(() => this.#revoking.delete(revoking));
    this.#revoking.add(revoking);
    return revoking;
  }

  async health(): Promise<ExchangerHealth> {
    return exchangerHealth.parse(await this.connection.inspect('health'));
  }

  async metrics(): Promise<string> {
    return exchangerMetrics.parse(await this.connection.inspect('metrics'));
  }

  /** Resolves when what only this process knows, tokens to be revoked, has been handed over or given up. */
  async drain(): Promise<void> {
    this.#ending = true;
    await Promise.allSettled(this.#revoking);
    await this.connection.drain?.();
  }

  private async askToRevoke(tokens: RevocableTokens): Promise<boolean> {
    const patience = (): number => (this.#ending ? LAST_REVOKE_PATIENCE : REVOKE_PATIENCE);
    try {
      const waiting = {
        patience,
        longestPause: LONGEST_REVOKE_PAUSE,
        retryOn: ['draining', 'full', 'failed'] as const,
      };
      return (await this.call(revokeCall, { tokens }, waiting)).revoked;
    } catch (error) {
      const { provider, oauthAppId } = tokens;
      this.logger.error({ err: error, provider, oauthAppId }, 'revocation.given_up');
      return false;
    }
  }

  private async call<Input, Outcome>(
    { name, ...schemas }: WireCall<Input, Outcome>,
    input: Input,
    waiting: Waiting,
  ): Promise<Outcome> {
    const closed = new Secret(JSON.stringify(z.encode(schemas.input, input)));
    const reply = await patientCall(this.connection, { ...waiting, name, input: closed, within: ANSWERED_WITHIN });
    return z.decode(schemas.outcome, outcomeOf(reply, name));
  }
}

function outcomeOf({ outcome, error }: Reply, call: string): unknown {
  if (error === 'full') throw new OutOfPatience(false, undefined);
  if (error) throw new CodedError('exchanger.failed', `the exchanger replied ${error} to ${call}`);
  return outcome;
}

export interface PatientCall extends SocketCall {
  /** Milliseconds without an exchanger to speak to; they begin again whenever there was one. A function: they may change meanwhile. */
  patience: number | (() => number);
  /** Replies after which the call is made again. */
  retryOn?: readonly NonNullable<Reply['error']>[];
  /** Milliseconds between two tries at the most. */
  longestPause?: number;
}

/** No answer came for longer than the caller waits. */
class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
  readonly code = 'exchanger.unavailable';

  /** `taken`: an exchanger may have taken the call, and what it did is in its journal. Otherwise nothing was done. */
  constructor(
    readonly taken: boolean,
    cause: unknown,
  ) {
    super(taken ? 'the exchanger broke off and did not come back in time' : 'no exchanger took the call in time', {
      cause,
    });
  }
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** A call that crashes the exchanger each time is not repeated for ever. */
const MOST_BREAKS = 5;
const DRAINING = ['draining'] as const;

/**
 * Makes a call until it is answered. A restart of the exchanger takes a second or two, and its calls may be made again:
 * it sends no token and no code twice, and returns the outcome of the first.
 */
async function patientCall(
  connection: Connection,
  { patience, retryOn = DRAINING, longestPause = LONGEST_PAUSE, ...call }: PatientCall,
): Promise<Reply> {
  let [breaks, waited, rest] = [0, 0, FIRST_PAUSE];
  for (;;) {
    const answer = await connection.call(call).catch(notAnswered);
    if (isFinal(answer, retryOn)) return answer;
    if (answer instanceof CallBroken) [breaks, waited, rest] = [breaks + 1, 0, FIRST_PAUSE];
    if (waited >= inMilliseconds(patience) || isHopeless(answer, breaks)) return giveUp(answer, breaks > 0);
    waited += rest;
    await pause(rest * (0.5 + Math.random()));
    rest = Math.min(rest * 1.5, longestPause);
  }
}

const inMilliseconds = (patience: PatientCall['patience']): number =>
  typeof patience === 'number' ? patience : patience();

const isFinal = (answer: Reply | Error, retryOn: readonly string[]): answer is Reply =>
  !(answer instanceof Error) && (answer.error === undefined || !retryOn.includes(answer.error));

const isHopeless = (answer: Reply | Error, breaks: number): boolean =>
  breaks > MOST_BREAKS || (answer instanceof CallBroken && answer.late);

/** A reply that an exchanger gave each time is the answer; one that drains took no call. */
function giveUp(answer: Reply | Error, taken: boolean): Reply {
  if (answer instanceof Error || answer.error === 'draining') throw new OutOfPatience(taken, answer);
  return answer;
}

function notAnswered(error: unknown): NotReached | CallBroken {
  if (error instanceof NotReached || error instanceof CallBroken) return error;
  throw error;
}
