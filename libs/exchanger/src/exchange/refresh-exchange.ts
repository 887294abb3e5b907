import { mac } from '#crypto';
import { transaction } from '#persistence/sql';
import {
  type Failure,
  type PlatformAnswer,
  type PlatformRequest,
  providerOf,
  readTokenAnswer,
  type TokenOutcome,
} from '#providers';
import type { ExchangeResult } from '../metrics.js';
import type { RequestResult } from '../gate/gate.js';
import type { JournaledIntent } from '../journal/journal.js';
import { isSpentOnce } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { markDispatched, releaseClaim } from '#tokens/store';
import type { RefreshOutcome } from '#tokens';
import { commitTokens } from './commit-tokens.js';
import type { PreparedRefresh } from './prepared-refresh.js';
import { type Exchange, logUnreadable } from './run-exchange.js';
import {
  storeDoubtfulAnswer,
  storeFailure,
  storeLostAnswer,
  storeRefusalByStatus,
  storeUnlistedRefusal,
  storeUnreached,
} from './store-failure.js';
import { retryUntilStored, storeRefusedAnswer } from './store-result.js';

/** The refresh of a claimed grant. Its result is stored before it is returned. */
export class RefreshExchange implements Exchange<RefreshOutcome | 'lost'> {
  readonly kind = 'refresh';
  result: ExchangeResult = 'unsent';

  constructor(
    private readonly context: ExchangerContext,
    private readonly refresh: PreparedRefresh,
  ) {}

  get intent(): JournaledIntent {
    const { grant, intentId, claimedAt } = this.refresh.claim;
    const { id: subjectId, tokenVersion: version } = grant;
    return { intentId, kind: 'refresh', subjectId, version, claimedAt: claimedAt.getTime() };
  }

  get environment(): 'live' | 'test' {
    return this.refresh.claim.grant.environment;
  }

  get provider(): string {
    return this.refresh.claim.grant.provider;
  }

  /** The result for the gate: a platform that requires an action of its user works. */
  get requestResult(): RequestResult {
    const { grant } = this.refresh.claim;
    if (this.result === 'permanent' && grant.unknownSince !== null && isSpentOnce(grant)) return 'spent';
    return this.result === 'owner' || this.result === 'permission' ? 'ok' : this.result;
  }

  get isKept(): boolean {
    return this.result === 'ok' && isSpentOnce(this.refresh.claim.grant);
  }

  /** False for the refusal of a grant that was refused before: it proves nothing new about the platform. */
  get countsForBreaker(): boolean {
    const { strikeCount, endedReason } = this.refresh.claim.grant;
    return this.result !== 'permanent' || (strikeCount === 0 && endedReason === null);
  }

  request(): PlatformRequest {
    const { app, tokens, clientSecret } = this.refresh;
    if (!clientSecret) throw new Error(`the app ${app.id} has no secret`);
    const credentials = { clientId: app.clientId, clientSecret };
    return providerOf(this.provider).refresh.request({
      app: credentials,
      accessToken: tokens.access,
      refreshToken: tokens.refresh,
    });
  }

  mark(): Promise<boolean> {
    const { context, refresh } = this;
    return markDispatched(
      context.pool,
      refresh.claim,
      mac(context.keyring.subkey('fingerprint'), refresh.sent.reveal()),
    );
  }

  answered(answer: PlatformAnswer): Promise<RefreshOutcome | 'lost'> {
    const outcome = readTokenAnswer(providerOf(this.provider), answer);
    if (outcome.ok) {
      this.result = 'ok';
      return commitTokens(this.context, this.refresh, outcome.tokens);
    }
    if (outcome.unlisted === 'status') return this.refusedByStatus(outcome.failure);
    if (outcome.outcomeUnknown && isSpentOnce(this.refresh.claim.grant)) return this.unknown(answer, outcome);
    return this.refused(outcome);
  }

  private refused({ failure, unlisted }: TokenOutcome & { ok: false }): Promise<RefreshOutcome> {
    const isRejected = unlisted === 'words';
    this.result = isRejected ? 'rejected' : failure.class;
    if (isRejected) return this.stored(() => storeUnlistedRefusal(this.context, this.refresh, failure));
    return this.stored(() => storeFailure(this.context, this.refresh, failure));
  }

  /** The body may be of a proxy in between, so the breaker counts it as a failure. */
  private refusedByStatus(failure: Failure): Promise<RefreshOutcome> {
    this.result = failure.class;
    return this.stored(() => storeRefusalByStatus(this.context, this.refresh, failure));
  }

  /** The platform may have spent the one-time token. Where it failed, the token is not sent again at once. */
  private unknown(
    answer: PlatformAnswer,
    { failure, outcomeUnknown }: TokenOutcome & { ok: false },
  ): Promise<RefreshOutcome | 'lost'> {
    if (outcomeUnknown === 'success') return this.unreadable(answer, failure);
    this.result = failure.class;
    return this.stored(() => storeDoubtfulAnswer(this.context, this.refresh.claim, failure));
  }

  lost(): Promise<'lost'> {
    this.result = 'lost';
    return this.stored(() => storeLostAnswer(this.context, this.refresh.claim));
  }

  /** A success without a token set that can be read is a lost answer. */
  private unreadable(answer: PlatformAnswer, { code }: Failure): Promise<'lost'> {
    this.result = 'lost';
    logUnreadable(this.context, this, answer);
    return this.stored(() => storeLostAnswer(this.context, this.refresh.claim, code));
  }

  unreached(): Promise<RefreshOutcome> {
    this.result = 'temporary';
    return this.stored(() => storeUnreached(this.context, this.refresh.claim));
  }

  /** Our own disk or database failed: the platform is not at fault, and the grant stays due. */
  cancelled(): Promise<RefreshOutcome> {
    return this.stored(async () => {
      await transaction(this.context.pool, (tx) => releaseClaim(tx, this.refresh.claim));
      return { kind: 'unavailable', retryAfter: 10 };
    });
  }

  refusedByDatabase(): Promise<RefreshOutcome> {
    this.result = 'lost';
    return this.stored(() => storeRefusedAnswer(this.context, this.refresh.claim));
  }

  private stored<Outcome>(settle: () => Promise<Outcome>): Promise<Outcome> {
    return retryUntilStored(this.context.logger, { grant: this.refresh.claim.grant.id }, settle);
  }
}
