import type { z } from 'zod';
import { minutes, seconds } from '#config';
import { CodedError, type Logger, type Secret } from '#observability';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, RevocableTokens, TokenExchange } from '../token-exchange.js';
import { OutOfPatience, patientCall } from './patient-call.js';
import { parseJson } from './read-text.js';
import { codeOutcome, refreshOutcome, refusal, revokeOutcome } from './wire.schema.js';

/** Longer than any exchange takes (docs/refresh.md): who does not answer by then is frozen. */
const ANSWERED_WITHIN = minutes(4);
/** How long an exchanger that is away is waited for. A browser waits for the code, at some platforms for 30 seconds only. */
const REFRESH_PATIENCE = seconds(10);
const CODE_PATIENCE = seconds(25);
const REVOKE_PATIENCE = seconds(10);
const LATER: RefreshOutcome = { kind: 'unavailable', retryAfter: 15 };

interface Call<Outcome> {
  path: string;
  body: object;
  patience: number;
  outcome: z.ZodType<Outcome>;
}

/** TokenExchange in the exchanger's process, over its unix socket. */
export class SocketExchange implements TokenExchange {
  readonly #revoking = new Set<Promise<unknown>>();

  constructor(
    private readonly socketPath: string,
    private readonly logger: Logger,
  ) {}

  async exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    const body = { attemptId, code: code.reveal() };
    try {
      return await this.call({ path: '/exchange-code', body, patience: CODE_PATIENCE, outcome: codeOutcome });
    } catch (error) {
      // What was taken may still end well: the attempt is left as it is, for the sweep.
      if (error instanceof OutOfPatience && !error.taken) return { kind: 'unreachable' };
      throw error;
    }
  }

  async refresh(grantId: string, { forced = false, patience = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    const call = { path: '/refresh', body: { grantId, forced, patience }, patience: patience || REFRESH_PATIENCE };
    return this.call({ ...call, outcome: refreshOutcome }).catch((error: unknown) => this.give(LATER, error, call.path));
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
    const call = { path: '/revoke', body: { tokens }, patience: REVOKE_PATIENCE, outcome: revokeOutcome };
    const { revoked } = await this.call(call).catch((error: unknown) => this.give({ revoked: false }, error, call.path));
    return revoked;
  }

  private async call<Outcome>({ outcome, ...call }: Call<Outcome>): Promise<Outcome> {
    const { status, text } = await patientCall(this.socketPath, { ...call, within: ANSWERED_WITHIN });
    const body = parseJson(text);
    if (status === 200) return outcome.parse(body);
    if (refusal.safeParse(body).success) throw new OutOfPatience(false, undefined);
    throw new CodedError('exchanger.failed', `the exchanger answered ${status} to ${call.path}`);
  }

  private give<Outcome>(outcome: Outcome, error: unknown, call: string): Outcome {
    this.logger.warn({ err: error, call }, 'the exchanger did not answer a call');
    return outcome;
  }
}
