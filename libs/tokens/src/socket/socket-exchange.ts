import type { z } from 'zod';
import { minutes, seconds } from '#config';
import { CodedError, type Logger, Secret } from '#observability';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, RevocableTokens, TokenExchange } from '../token-exchange.js';
import { OutOfPatience, patientCall } from './patient-call.js';
import { SharedConnection } from './shared-connection.js';
import { codeOutcome, refreshOutcome, revokeOutcome } from './wire.schema.js';

/** Longer than an exchange takes (docs/refresh.md): who has not answered by then is frozen, or goes on without its caller. */
const ANSWERED_WITHIN = minutes(4);
/** How long an exchanger that is away is waited for. A browser waits for the code, at some platforms for 30 seconds only. */
const REFRESH_PATIENCE = seconds(10);
const CODE_PATIENCE = seconds(25);
const REVOKE_PATIENCE = seconds(10);
const LATER: RefreshOutcome = { kind: 'unavailable', retryAfter: 15 };

interface Call<Outcome> {
  name: string;
  input: object;
  patience: number;
  outcome: z.ZodType<Outcome>;
}

/** TokenExchange in the exchanger's process, over its unix socket. */
export class SocketExchange implements TokenExchange {
  readonly #connection: SharedConnection;
  readonly #revoking = new Set<Promise<unknown>>();

  constructor(
    socketPath: string,
    private readonly logger: Logger,
  ) {
    this.#connection = new SharedConnection(socketPath);
  }

  async exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    const input = { attemptId, code: code.reveal() };
    try {
      return await this.call({ name: 'exchange-code', input, patience: CODE_PATIENCE, outcome: codeOutcome });
    } catch (error) {
      // What was taken may still end well: the attempt is left as it is, for the sweep.
      if (error instanceof OutOfPatience && !error.taken) return { kind: 'unreachable' };
      throw error;
    }
  }

  async refresh(grantId: string, { forced = false, patience = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    const call = { name: 'refresh', input: { grantId, forced, patience }, patience: patience || REFRESH_PATIENCE };
    return this.call({ ...call, outcome: refreshOutcome }).catch((error: unknown) => this.give(LATER, error, call.name));
  }

  revoke(tokens: RevocableTokens): Promise<boolean> {
    const revoking = this.askToRevoke(tokens).finally(() => this.#revoking.delete(revoking));
    this.#revoking.add(revoking);
    return revoking;
  }

  /** Resolves when what only this process knows, tokens to be revoked, has been handed over. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#revoking);
  }

  private async askToRevoke({ accessToken, refreshToken, ...ids }: RevocableTokens): Promise<boolean> {
    const tokens = { ...ids, accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() ?? null };
    const call = { name: 'revoke', input: { tokens }, patience: REVOKE_PATIENCE, outcome: revokeOutcome };
    const { revoked } = await this.call(call).catch((error: unknown) => this.give({ revoked: false }, error, call.name));
    return revoked;
  }

  private async call<Outcome>({ outcome: schema, input, ...call }: Call<Outcome>): Promise<Outcome> {
    const closed = new Secret(JSON.stringify(input));
    const { outcome, error } = await patientCall(this.#connection, { ...call, input: closed, within: ANSWERED_WITHIN });
    if (error === 'full') throw new OutOfPatience(false, undefined);
    if (error) throw new CodedError('exchanger.failed', `the exchanger replied ${error} to ${call.name}`);
    return schema.parse(outcome);
  }

  private give<Outcome>(outcome: Outcome, error: unknown, call: string): Outcome {
    this.logger.warn({ err: error, call }, 'the exchanger did not answer a call');
    return outcome;
  }
}
