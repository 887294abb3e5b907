import { z } from 'zod';
import { minutes, seconds } from '#config';
import { CodedError, type Logger, Secret } from '#observability';
import { SharedConnection } from './shared-connection.js';
import type { CodeOutcome, Exchanger, RefreshOptions, RefreshOutcome, RevocableTokens } from './token-exchange.js';
import { type Connection, OutOfPatience, patientCall } from './patient-call.js';
import {
  codeCall,
  type ExchangerHealth,
  exchangerHealth,
  exchangerMetrics,
  type Reply,
  refreshCall,
  revokeCall,
  type WireCall,
} from './wire.schema.js';

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
