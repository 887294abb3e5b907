import { Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { digest, isOurState, Keyring } from '#crypto';
import { type AttemptRow, Database, findAttempt, OAuthApp, spendState } from '#persistence';
import { Addresses } from '../addresses.js';
import { redirectUri } from '../policies/redirect-uri.js';
import { allowReturnUrl } from '../policies/return-url.js';
import { within } from '../within.js';
import { type Callback, type CallbackInput, readCallback } from './callback.js';
import { CarryOutAttempt } from './carry-out-attempt.js';
import { type Ending, landingUrl } from './landing.js';

/** Where to send the browser; `untrusted`: nowhere, the state is none of ours. */
export type CallbackOutcome = { kind: 'redirect'; url: string } | { kind: 'untrusted' };

/** How long a browser waits; an answer that comes later is kept all the same. */
const PATIENCE = seconds(65);
const UNTRUSTED: CallbackOutcome = { kind: 'untrusted' };

/** The browser comes back from the platform: spends the state, and has the attempt carried out at once. */
@Injectable()
export class CompleteConnect {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly carryOut: CarryOutAttempt,
    private readonly addresses: Addresses,
  ) {}

  async execute({ provider, oauthAppId, query }: CallbackInput): Promise<CallbackOutcome> {
    const callback = readCallback(query);
    if (!callback || !isOurState(this.keyring, callback.state)) return UNTRUSTED;
    const here = redirectUri(this.addresses.publicUrl, provider, oauthAppId);
    const attempt = await spendState(this.database.pool, digest(callback.state), here);
    if (!attempt) return this.refuse(callback, here);
    const ending = await within(PATIENCE, this.carryOut.execute(attempt, callback), {
      oauth_error: 'provider_unavailable',
    });
    return this.land(attempt, ending);
  }

  /** A state of ours that cannot be spent: its own browser is told why, whoever else came with it is told nothing. */
  private async refuse(callback: Callback, here: string): Promise<CallbackOutcome> {
    const attempt = await findAttempt(this.database.pool, digest(callback.state));
    if (attempt?.redirectUri !== here) return UNTRUSTED;
    return this.land(attempt, { oauth_error: attempt.spent ? 'state_reused' : 'state_expired' });
  }

  /** The list is asked again: an entry that was taken off it is honoured at once. */
  private async land({ returnUrl, oauthAppId, environment }: AttemptRow, ending: Ending): Promise<CallbackOutcome> {
    const app = await this.database.dataSource.getRepository(OAuthApp).findOneBy({ id: oauthAppId });
    const allowed =
      returnUrl === null ? undefined : allowReturnUrl(returnUrl, app?.allowedReturnUrls ?? [], environment);
    const base = allowed && 'href' in allowed ? allowed.href : `${this.addresses.publicUrl}/connected`;
    return { kind: 'redirect', url: landingUrl(base, ending) };
  }
}
