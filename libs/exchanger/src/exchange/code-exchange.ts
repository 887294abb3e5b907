import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import { type Environment, markAttemptExchanged, newId, transaction, type Tx } from '#persistence/sql';
import type { ExchangerContext } from '../exchanger-context.js';
import {
  type AppRow,
  type CodeAttempt,
  endIntent,
  type IntentEnd,
  intentOfAttempt,
  markAppActive,
  markAppFailing,
  markCodeDispatched,
  openApp,
  prepareCode,
  readApp,
  readAttempt,
  releaseUnsent,
  reportBrokenSeal,
} from '#tokens/store';
import { type CodeOutcome, queueRevocation } from '#tokens';
import { type Exchange, logUnreadable, runExchange } from './run-exchange.js';
import { ANSWER_NOT_STORED } from '#tokens/protocol';
import { retryUntilStored } from './store-result.js';
import {
  type AppCredentials,
  type Failure,
  type PlatformAnswer,
  type PlatformRequest,
  providerOf,
  readTokenAnswer,
  type TokenOutcome,
  type TokenSet,
} from '#providers';
import type { ExchangeResult } from '../metrics.js';
import type { JournaledIntent } from '../journal/journal.js';
import { NOT_PROLONGED, prolongTokens } from './prolong-tokens.js';
import { tryRevocation } from './revoke-tokens.js';

const OPEN = ['pending', 'failed'];

/** Exchanges a code for a token set. A repeated call for the same attempt returns its outcome and sends nothing. */
export async function exchangeCode(context: ExchangerContext, attemptId: string, code: Secret): Promise<CodeOutcome> {
  const attempt = await readAttempt(context.pool, attemptId);
  if (!attempt) throw new Error(`the attempt ${attemptId} is not there, or its state was not spent`);
  return (await formerOutcome(context, attempt)) ?? send(context, attempt, code);
}

async function formerOutcome(context: ExchangerContext, { id, status }: CodeAttempt): Promise<CodeOutcome | undefined> {
  if (!OPEN.includes(status)) return { kind: 'exchanged' };
  return status === 'failed' || (await intentOfAttempt(context.pool, id)) ? { kind: 'lost' } : undefined;
}

async function send(context: ExchangerContext, attempt: CodeAttempt, code: Secret): Promise<CodeOutcome> {
  const app = await readApp(context.pool, attempt.oauthAppId);
  if (!app) throw new Error(`the app of the attempt ${attempt.id} is gone`);
  if (!context.journal.writable()) return { kind: 'unreachable' };
  const intentId = newId();
  try {
    await prepareCode(context.pool, intentId, { attemptId: attempt.id, holder: context.holder });
    context.at?.('W1');
    return await runExchange<CodeOutcome>(context, new CodeExchange(context, attempt, app, { intentId, code }));
  } catch (error) {
    void retryUntilStored(context.logger, { intent: intentId }, () => releaseUnsent(context.pool, intentId));
    if (error instanceof SealBroken) await reportBrokenSeal(context, error);
    throw error;
  }
}

/** Error codes that no table lists as a refusal of the app, because they also refuse a single code; the owner of the app has to check them. */
const OF_THE_SETUP = new Set([
  'invalid_scope',
  'redirect_uri_mismatch',
  'invalid_redirect_uri',
  'invalid_redirect_url',
  'redirect_mismatch',
]);

/** The platform has answered, and a code is never sent twice (RFC 6749 4.1.2): the code is spent. */
const refusalOfCode = ({ code }: Failure): Failure => ({
  class: 'permanent',
  reason: OF_THE_SETUP.has(code) ? 'app_misconfigured' : 'exchange_failed',
  code,
});

/** The exchange of an attempt's code. Sent once (RFC 6749 4.1.2); its token set is sealed into the attempt. */
export class CodeExchange implements Exchange<CodeOutcome> {
  readonly kind = 'code';
  result: ExchangeResult = 'unsent';
  readonly isKept = false;
  #credentials: AppCredentials | undefined;
  /** Accepted by the platform, and not exchanged for long-lived ones: revoked with the end of the exchange. */
  #unused: TokenSet | undefined;

  /** `code` is null where an earlier process sent it. */
  constructor(
    private readonly context: ExchangerContext,
    private readonly attempt: CodeAttempt,
    private readonly app: AppRow,
    private readonly sent: { intentId: string; code: Secret | null },
  ) {}

  get intent(): JournaledIntent {
    return { intentId: this.sent.intentId, kind: 'code', subjectId: this.attempt.id, version: null };
  }

  get environment(): Environment {
    return this.attempt.environment;
  }

  get provider(): string {
    return this.attempt.provider;
  }

  async request(): Promise<PlatformRequest> {
    const { context, attempt, sent } = this;
    if (!sent.code) throw new Error('a code that was sent is not sent again');
    const { authorize, token } = providerOf(attempt.provider);
    const { redirectUri } = attempt;
    const verifier = authorize.pkce(redirectUri) ? await context.vault.openVerifier(context.pool, attempt) : null;
    this.#credentials = await openApp(context.pool, context.vault, this.app);
    return token.exchange({ app: this.#credentials, code: sent.code, redirectUri, verifier });
  }

  mark(): Promise<boolean> {
    return markCodeDispatched(this.context.pool, this.sent.intentId);
  }

  async answered(answer: PlatformAnswer): Promise<CodeOutcome> {
    const outcome = await this.read(answer);
    if (!outcome.ok && outcome.outcomeUnknown === 'success') return this.unreadable(answer, outcome.failure);
    if (outcome.ok) {
      this.result = 'ok';
      return this.keep(outcome.tokens);
    }
    this.result = outcome.unlisted ? 'rejected' : outcome.failure.class;
    return this.refused(outcome.unlisted ? refusalOfCode(outcome.failure) : outcome.failure);
  }

  lost(): Promise<CodeOutcome> {
    this.result = 'lost';
    return this.end('unknown', { kind: 'lost' });
  }

  /** The platform may have accepted and spent the code. */
  private unreadable(answer: PlatformAnswer, { code }: Failure): Promise<CodeOutcome> {
    this.result = 'lost';
    logUnreadable(this.context, this, answer);
    return this.end('unknown', { kind: 'lost' }, code);
  }

  unreached(): Promise<CodeOutcome> {
    this.result = 'temporary';
    return this.end('released', { kind: 'unreachable' });
  }

  cancelled(): Promise<CodeOutcome> {
    return this.end('released', { kind: 'unreachable' });
  }

  refusedByDatabase(): Promise<CodeOutcome> {
    this.result = 'lost';
    return this.end('unknown', { kind: 'lost' }, ANSWER_NOT_STORED);
  }

  /** Reads the answer, and takes the second step where the platform has one: its first token is valid for one hour. */
  private async read(answer: PlatformAnswer): Promise<TokenOutcome> {
    const provider = providerOf(this.provider);
    const first = readTokenAnswer(provider, answer);
    if (!first.ok || !provider.token.prolong) return first;
    const { context, environment } = this;
    const app = this.#credentials ?? (await this.reopened());
    if (!app) return { ok: false, failure: NOT_PROLONGED };
    const outcome = await prolongTokens(context, { provider, environment, app, tokens: first.tokens });
    if (!outcome.ok) this.#unused = first.tokens;
    return outcome;
  }

  /** The credentials that an earlier process had opened. A database error is retried; a broken seal is not, and the journal keeps the answer. */
  private reopened(): Promise<AppCredentials | undefined> {
    const { context, app } = this;
    return retryUntilStored(context.logger, { attempt: this.attempt.id }, async () => {
      const clientSecret = await context.vault.openClientSecret(context.pool, app);
      return clientSecret ? { clientId: app.clientId, clientSecret } : undefined;
    });
  }

  /** Seals the tokens into the attempt. Those of an attempt that ended meanwhile for another reason are revoked. */
  private async keep(tokens: TokenSet): Promise<CodeOutcome> {
    const { context, attempt } = this;
    const { taken, revocation } = await this.stored(async (tx) => {
      const taken = await markAttemptExchanged(tx, attempt.id);
      if (taken) await context.vault.sealAttemptTokens(tx, attempt, tokens);
      await endIntent(tx, this.sent.intentId, taken ? 'committed' : 'answered', taken ? null : 'unwanted');
      await markAppActive(tx, this.app, 'token');
      return { taken, revocation: taken ? undefined : await this.queueRevocationOf(tx, tokens) };
    });
    context.at?.('W6');
    if (taken) return { kind: 'exchanged' };
    if (revocation && this.sent.code) await tryRevocation(context, revocation);
    return { kind: 'lost' };
  }

  private refused(failure: Failure): Promise<CodeOutcome> {
    return this.stored(async (tx) => {
      if (failure.class === 'app') await markAppFailing(tx, this.app, failure, 'token');
      await endIntent(tx, this.sent.intentId, 'answered', failure.code);
      if (this.#unused) await this.queueRevocationOf(tx, this.#unused);
      return { kind: 'refused', failure };
    });
  }

  private queueRevocationOf(tx: Tx, tokens: TokenSet): Promise<string | undefined> {
    return queueRevocation(this.context, tx, { ...this.attempt, platformUserId: null, tokens, app: this.#credentials });
  }

  private end(state: IntentEnd, outcome: CodeOutcome, code: string | null = null): Promise<CodeOutcome> {
    return this.stored(async (tx) => {
      await endIntent(tx, this.sent.intentId, state, code);
      return outcome;
    });
  }

  private stored<Outcome>(work: (tx: Tx) => Promise<Outcome>): Promise<Outcome> {
    return retryUntilStored(this.context.logger, { attempt: this.attempt.id }, () =>
      transaction(this.context.pool, work),
    );
  }
}
