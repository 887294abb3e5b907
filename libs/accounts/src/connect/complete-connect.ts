import { Inject, Injectable } from '@nestjs/common';
import { seconds, withTimeout } from '#config';
import { digest, isOurState, Keyring, newConnectToken } from '#crypto';
import { codeOf, LOGGER, type Logger, Secret } from '#observability';
import { type AttemptError, type AttemptRow, Database, findAttempt, OAuthApp, spendState } from '#persistence';
import { type CallbackRefusal, findProvider, type RefusedConsent } from '#providers';
import type { CodeOutcome, TokenExchange } from '#tokens';
import { Addresses } from '../addresses.js';
import { PAUSE, type Pause, TOKEN_EXCHANGE } from '../injection.js';
import { redirectUri } from '../policies/redirect-uri.js';
import { allowReturnUrl } from '../policies/return-url.js';
import { FailAttempt } from './fail-attempt.js';
import { FinishAttempt } from './finish-attempt.js';

export interface CallbackInput {
  provider: string;
  /** From the path, where the app has a callback of its own. */
  oauthAppId?: string;
  query: Record<string, string | string[] | undefined>;
}

/** Where to send the browser; `untrusted`: nowhere, because the state is not one of this service. */
export type CallbackOutcome = { kind: 'redirect'; url: string } | { kind: 'untrusted' };

/** How the flow ended, as the query of the return URL says it. */
type Ending = { connected: string } | { selection_required: string } | { oauth_error: string };

/** `connect_token`: proves to the caller's backend which browser came back. */
type LandingQuery = Ending & { connect_token?: string };

const BROWSER_TIMEOUT = seconds(65);
const UNTRUSTED: CallbackOutcome = { kind: 'untrusted' };

/** Takes a spent attempt to its end: exchanges the code, identifies the person, stores grant and accounts. */
@Injectable()
export class ExchangeAttempt {
  constructor(
    private readonly failAttempt: FailAttempt,
    private readonly finishAttempt: FinishAttempt,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PAUSE) private readonly pause: Pause,
  ) {}

  /** Without an answer of the exchanger the attempt may still succeed: the caller is asked to read it later. */
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

/** Handles the browser's return from the platform: spends the state and exchanges the code while the browser waits. */
@Injectable()
export class CompleteConnect {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly exchangeAttempt: ExchangeAttempt,
    private readonly addresses: Addresses,
  ) {}

  async execute({ provider, oauthAppId, query }: CallbackInput): Promise<CallbackOutcome> {
    const callback = readCallback(query);
    if (!callback || !isOurState(this.keyring, callback.state)) return UNTRUSTED;
    const calledUri = redirectUri(this.addresses.publicUrl, provider, oauthAppId);
    const connectToken = newConnectToken();
    const attempt = await spendState(this.database.pool, {
      stateHash: digest(callback.state),
      redirectUri: calledUri,
      connectTokenHash: digest(connectToken.reveal()),
    });
    if (!attempt) return this.refuse(callback, calledUri);
    // After the timeout the exchange continues, and its tokens are stored.
    const ending = await withTimeout(this.exchangeAttempt.execute(attempt, callback), BROWSER_TIMEOUT, (): Ending => ({
      oauth_error: 'provider_unavailable',
    }));
    const isToBeConfirmed = attempt.completion === 'confirm' && (await this.mayComplete(callback));
    return this.redirect(attempt, { ...ending, ...(isToBeConfirmed && { connect_token: connectToken.reveal() }) });
  }

  /** Also true after the timeout: the backend confirms the attempt once the platform has answered. */
  private async mayComplete({ state }: Callback): Promise<boolean> {
    const attempt = await findAttempt(this.database.pool, digest(state));
    return attempt !== undefined && attempt.status !== 'failed';
  }

  /** Reports why a state cannot be spent, but only at the redirect URI that it was made for. */
  private async refuse(callback: Callback, calledUri: string): Promise<CallbackOutcome> {
    const attempt = await findAttempt(this.database.pool, digest(callback.state));
    if (attempt?.redirectUri !== calledUri) return UNTRUSTED;
    return this.redirect(attempt, { oauth_error: attempt.spent ? 'state_reused' : 'state_expired' });
  }

  /** Checks the return URL again: an entry removed from the list since the start no longer counts. */
  private async redirect(
    { returnUrl, oauthAppId, environment }: AttemptRow,
    ending: LandingQuery,
  ): Promise<CallbackOutcome> {
    const app = await this.database.dataSource.getRepository(OAuthApp).findOneBy({ id: oauthAppId });
    const allowed =
      returnUrl === null ? undefined : allowReturnUrl(returnUrl, app?.allowedReturnUrls ?? [], environment);
    const base = allowed && 'href' in allowed ? allowed.href : `${this.addresses.publicUrl}/connected`;
    return { kind: 'redirect', url: landingUrl(base, ending) };
  }
}

/** The parameters of a callback: a code, or the platform's refusal. */
export interface Callback {
  state: string;
  code: Secret | undefined;
  refusal: CallbackRefusal | undefined;
}

/** Undefined when the query has no state, or a parameter twice (RFC 6749 section 3.1). */
export function readCallback(query: CallbackInput['query']): Callback | undefined {
  const { state, code, error } = query;
  if (typeof state !== 'string' || Array.isArray(code) || Array.isArray(error)) return undefined;
  const codeText = withoutFragment(code ?? '');
  return {
    state: withoutFragment(state),
    code: codeText ? new Secret(codeText) : undefined,
    refusal: readRefusal(query, codeText !== ''),
  };
}

/**
 * Some platforms append `#_=_` or `#_` to the redirect URI. Browsers do not send the fragment; other clients send it as the
 * end of the last parameter.
 */
export const withoutFragment = (text: string): string => text.replace(/#_(=_)?$/, '');

/** `error` counts even beside a code (RFC 6749 section 4.1.2.1); beside a code no other parameter makes a refusal. */
function readRefusal(query: CallbackInput['query'], hasCode: boolean): CallbackRefusal | undefined {
  const read = (name: string): string | undefined => {
    const value = query[name];
    return (typeof value === 'string' && withoutFragment(value)) || undefined;
  };
  const refusal = { error: read('error'), reason: read('error_reason'), code: read('error_code') };
  const others = [refusal.reason, refusal.code, read('error_description'), read('error_message')];
  return refusal.error !== undefined || (!hasCode && others.some((text) => text !== undefined)) ? refusal : undefined;
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

const OUR_PARAMETERS = ['connected', 'oauth_error', 'connect_token', 'selection_required'];

/** `base` with the ending in its query. Other parameters keep every character, because they may be signed. */
export function landingUrl(base: string, ending: LandingQuery): string {
  const url = new URL(base);
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !OUR_PARAMETERS.includes(nameOf(pair)));
  const added = Object.entries(ending).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  url.search = [...kept, ...added].join('&');
  return url.href;
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? '';
