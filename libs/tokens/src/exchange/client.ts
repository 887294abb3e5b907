import { z } from 'zod';
import { minutes, seconds } from '#config';
import { CodedError, inSpan, type Logger, Secret } from '#observability';
import type { AppCheckOutcome } from '#providers';
import { CallBroken, type Connection, NotReached, SharedConnection, type SocketCall } from './connection.js';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, TokenExchange } from './token-exchange.js';
import {
  checkAppCall,
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

/** Longer than an exchange takes (docs/refresh.md): an exchanger that has not answered by then is suspended, or continues without its caller. */
const ANSWERED_WITHIN = minutes(4);
/** The longest wait for an unavailable exchanger. A browser waits for the code, at some platforms for 30 seconds only. */
const REFRESH_MAX_WAIT = seconds(10);
const CODE_MAX_WAIT = seconds(25);
/** An exchanger that starts again finds every stored revocation. */
const REVOKE_MAX_WAIT = 0;
const LATER: RefreshOutcome = { kind: 'unavailable', retryAfter: 15 };

/** A client that creates an app waits for its check. */
const CHECK_MAX_WAIT = 0;
const CHECK_ANSWERED_WITHIN = seconds(5);

type Waiting = Pick<AwaitedCall, 'maxWait'> & { within?: AwaitedCall['within'] };

/** The exchanger as other processes see it. */
export interface Exchanger extends TokenExchange {
  /** Rejects when the exchanger does not answer. */
  health(): Promise<ExchangerHealth>;
  /** Its metrics in Prometheus' text format. Rejects when the exchanger does not answer. */
  metrics(): Promise<string>;
  /** Resolves when what this process still does for its callers is done. */
  drain(): Promise<void>;
}

/** The exchanger that listens at a socket. */
export const connectExchanger = (socketPath: string, logger: Logger): Exchanger =>
  new ExchangeClient(new SharedConnection(socketPath), logger);

/** The exchanger, called over a connection. */
export class ExchangeClient implements Exchanger {
  constructor(
    private readonly connection: Connection,
    private readonly logger: Logger,
  ) {}

  async exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    try {
      return await this.call(codeCall, { attemptId, code }, { maxWait: CODE_MAX_WAIT });
    } catch (error) {
      // What was taken may still end well: the attempt is left as it is, for the sweep.
      if (error instanceof WaitExpired && !error.taken) return { kind: 'unreachable' };
      throw error;
    }
  }

  async refresh(grantId: string, { forced = false, maxWait = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    try {
      return await this.call(
        refreshCall,
        { grantId, forced, patience: maxWait },
        { maxWait: maxWait || REFRESH_MAX_WAIT },
      );
    } catch (error) {
      this.logger.warn({ err: error, call: refreshCall.name, grant: grantId }, 'exchanger.not_answered');
      return LATER;
    }
  }

  async health(): Promise<ExchangerHealth> {
    return exchangerHealth.parse(await this.connection.inspect('health'));
  }

  async metrics(): Promise<string> {
    return exchangerMetrics.parse(await this.connection.inspect('metrics'));
  }

  async revoke(revocationId: string): Promise<boolean> {
    try {
      return (await this.call(revokeCall, { revocationId }, { maxWait: REVOKE_MAX_WAIT })).revoked;
    } catch (error) {
      this.logger.warn({ err: error, revocation: revocationId }, 'revocation.left_to_exchanger');
      return false;
    }
  }

  async checkApp(appId: string): Promise<AppCheckOutcome> {
    try {
      return await this.call(checkAppCall, { appId }, { maxWait: CHECK_MAX_WAIT, within: CHECK_ANSWERED_WITHIN });
    } catch (error) {
      this.logger.warn({ err: error, call: checkAppCall.name, oauthApp: appId }, 'exchanger.not_answered');
      return { status: 'unknown', code: 'exchanger_unavailable', retry: true };
    }
  }

  /** Resolves when what this process still does for its callers is done. */
  async drain(): Promise<void> {
    await this.connection.drain?.();
  }

  private async call<Input, Outcome>(
    { name, ...schemas }: WireCall<Input, Outcome>,
    input: Input,
    waiting: Waiting,
  ): Promise<Outcome> {
    const closed = new Secret(JSON.stringify(z.encode(schemas.input, input)));
    return inSpan({ name: `exchanger.${name}`, kind: 'client' }, async () => {
      const reply = await awaitedCall(this.connection, { within: ANSWERED_WITHIN, ...waiting, name, input: closed });
      return z.decode(schemas.outcome, outcomeOf(reply, name));
    });
  }
}

function outcomeOf({ outcome, error }: Reply, call: string): unknown {
  if (error === 'full') throw new WaitExpired(false, undefined);
  if (error) throw new CodedError('exchanger.failed', `the exchanger replied ${error} to ${call}`);
  return outcome;
}

export interface AwaitedCall extends SocketCall {
  /** Milliseconds without an exchanger that answers; they begin again after each connection. */
  maxWait: number;
}

/** No answer came for longer than the caller waits. */
class WaitExpired extends Error {
  override readonly name = 'WaitExpired';
  readonly code = 'exchanger.unavailable';

  /** `taken`: an exchanger may have taken the call, and what it did is in its journal. Otherwise nothing was done. */
  constructor(
    readonly taken: boolean,
    cause: unknown,
  ) {
    super(
      taken
        ? 'the exchanger interrupted the call and was not available again in time'
        : 'no exchanger took the call in time',
      {
        cause,
      },
    );
  }
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** A call that crashes the exchanger each time is not repeated without limit. */
const MOST_BREAKS = 5;

/**
 * Makes a call until it is answered. A restart of the exchanger takes a second or two, and its calls may be made again:
 * it sends no token and no code twice, and returns the outcome of the first.
 */
async function awaitedCall(connection: Connection, { maxWait, ...call }: AwaitedCall): Promise<Reply> {
  let [breaks, waited, rest] = [0, 0, FIRST_PAUSE];
  for (;;) {
    const answer = await connection.call(call).catch(notAnswered);
    if (isFinal(answer)) return answer;
    if (answer instanceof CallBroken) [breaks, waited, rest] = [breaks + 1, 0, FIRST_PAUSE];
    if (waited >= maxWait || isHopeless(answer, breaks)) throw new WaitExpired(breaks > 0, answer);
    waited += rest;
    await pause(rest * (0.5 + Math.random()));
    rest = Math.min(rest * 1.5, LONGEST_PAUSE);
  }
}

/** A process that drains took no call: the next one takes it. */
const isFinal = (answer: Reply | Error): answer is Reply => !(answer instanceof Error) && answer.error !== 'draining';

const isHopeless = (answer: Reply | Error, breaks: number): boolean =>
  breaks > MOST_BREAKS || (answer instanceof CallBroken && answer.late);

function notAnswered(error: unknown): NotReached | CallBroken {
  if (error instanceof NotReached || error instanceof CallBroken) return error;
  throw error;
}
