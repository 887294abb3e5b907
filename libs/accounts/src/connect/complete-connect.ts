import { Injectable } from '@nestjs/common';
import { seconds, withTimeout } from '#config';
import { digest, isOurState, Keyring, newBearerToken } from '#crypto';
import type { Secret } from '#observability';
import { type AttemptRow, Database, findAttempt, OAuthApp, spendState } from '#persistence';
import { Addresses } from '../addresses.js';
import { findReturnHosts } from '../api-keys/find-api-key.js';
import { redirectUri } from '../policies/redirect-uri.js';
import { allowReturnHost, allowReturnUrl } from '../policies/return-url.js';
import { type Ending, ExchangeAttempt } from './exchange-attempt.js';
import { type Callback, type CallbackQuery, readCallback } from './read-callback.js';

export interface CallbackInput {
  provider: string;
  /** From the path, where the app has a callback of its own. */
  oauthAppId?: string;
  query: CallbackQuery;
}

/** Where to send the browser; `untrusted`: nowhere, because the state is not one of this service. */
export type CallbackOutcome = { kind: 'redirect'; url: string } | { kind: 'untrusted' };

/** `connect_token`: proves to the caller's backend which browser has returned. */
type LandingQuery = Partial<Record<string, string>>;

interface Landing {
  ending: Ending;
  /** Only for return URLs of the caller: URLs of this service contain no secrets. */
  connectToken?: Secret;
}

const BROWSER_TIMEOUT = seconds(65);
const UNTRUSTED: CallbackOutcome = { kind: 'untrusted' };

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
    const connectToken = newBearerToken();
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
    return this.redirect(attempt, { ending, ...(isToBeConfirmed && { connectToken }) });
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
    return this.redirect(attempt, { ending: { oauth_error: attempt.spent ? 'state_reused' : 'state_expired' } });
  }

  private async redirect(attempt: AttemptRow, { ending, connectToken }: Landing): Promise<CallbackOutcome> {
    const href = await this.allowedReturnUrl(attempt);
    if (href === undefined)
      return { kind: 'redirect', url: landingUrl(`${this.addresses.publicUrl}/connected`, ending) };
    const token = connectToken && { connect_token: connectToken.reveal() };
    if (attempt.surface === 'accounts') return { kind: 'redirect', url: landingUrl(href, { ...ending, ...token }) };
    const failure = 'oauth_error' in ending && { [this.addresses.projectsErrorParameter]: ending.oauth_error };
    const added = { ...failure, ...token };
    return { kind: 'redirect', url: landingUrl(href, added, Object.keys(added)) };
  }

  /** Checks the return URL again: an entry removed from the list since the start no longer counts. */
  private async allowedReturnUrl(attempt: AttemptRow): Promise<string | undefined> {
    if (attempt.returnUrl === null) return undefined;
    const allowed =
      attempt.surface === 'projects'
        ? allowReturnHost(attempt.returnUrl, await findReturnHosts(this.database.pool, attempt.createdBy))
        : allowReturnUrl(attempt.returnUrl, await this.allowedReturnUrls(attempt), attempt.environment);
    return 'href' in allowed ? allowed.href : undefined;
  }

  private async allowedReturnUrls({ oauthAppId }: AttemptRow): Promise<string[]> {
    const app = await this.database.dataSource.getRepository(OAuthApp).findOneBy({ id: oauthAppId });
    return app?.allowedReturnUrls ?? [];
  }
}

const OUR_PARAMETERS = ['connected', 'oauth_error', 'connect_token', 'selection_required'];

/** `base` with `added` in its query, in place of `ours`. Other parameters keep every character, because they may be signed. */
export function landingUrl(base: string, added: LandingQuery, ours: readonly string[] = OUR_PARAMETERS): string {
  if (ours.length === 0) return base;
  const url = new URL(base);
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !ours.includes(nameOf(pair)));
  const ending = Object.entries(added).map(([name, value = '']) => `${name}=${encodeURIComponent(value)}`);
  url.search = [...kept, ...ending].join('&');
  return url.href;
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? '';
