import type { Duration } from '#config';
import { digestOf } from './digest.js';
import type { Issued } from './issue-tokens.js';
import type { Platform } from './contract.js';
import { knobsOf, personaOf } from './platform.js';
import type { GrantRecord, HeldToken } from './records.js';
import { losesAnswer } from './refresh-tokens.js';
import { meetPersona } from './token-traits.js';

/** The part of a platform's token rules that it has no use for when there are no refresh tokens. */
export const noRefreshTokens = {
  refreshLife: 0,
  grace: 0,
  familyRevocation: false,
  refreshEndsOldAccess: false,
  newRefreshToken: (): string => {
    throw new Error('this platform has no refresh tokens');
  },
} as const;

/** An access token alone, in the clear for the answer; seconds, as on the wire. */
export type IssuedAccess = Omit<Issued, 'refreshToken' | 'refreshExpiresIn'>;

/** An access token comes to be extended: for the call log what a refresh token is elsewhere. */
export function noteExtended({ notes }: Platform, accessToken: string): void {
  notes.presented = digestOf(accessToken);
}

/** Lets the persona's habits act as at a refresh, before the token is extended. */
export function meetExtension(platform: Platform, grant: GrantRecord, accessToken: string): void {
  noteExtended(platform, accessToken);
  meetPersona(platform, grant);
  platform.notes.cutConnection = losesAnswer(grant);
}

/** The token that a code is traded for first. It ends after `life`, whatever the app is set to. */
export const issueShortToken = (platform: Platform, grant: GrantRecord, life: Duration): IssuedAccess =>
  issue(platform, grant, { life, shortLived: true });

/** A token of the app's full life. Those before it live on to their own ends. */
export const issueLongToken = (platform: Platform, grant: GrantRecord): IssuedAccess =>
  issue(platform, grant, { life: fullLife(platform, grant) });

/** Gives a token of the grant its full life once more; the token stays the same. */
export function extendInPlace(platform: Platform, grant: GrantRecord, accessToken: string): IssuedAccess {
  const renewed = held(platform, accessToken, fullLife(platform, grant));
  grant.access = grant.access.map((token) => (token.digest === renewed.digest ? renewed : token));
  platform.state.grants.save(grant);
  return answer(platform, grant, { token: accessToken, held: renewed });
}

function issue(
  platform: Platform,
  grant: GrantRecord,
  { life, shortLived }: { life: Duration; shortLived?: true },
): IssuedAccess {
  const { state, definition } = platform;
  const token = definition.tokens.newAccessToken();
  const access = { ...held(platform, token, life), ...(shortLived && { shortLived }) };
  state.grants.renew(grant, { access }, state.clock.now());
  return answer(platform, grant, { token, held: access });
}

const fullLife = (platform: Platform, grant: GrantRecord): Duration =>
  personaOf(grant).traits.accessLife ??
  knobsOf(platform, platform.state.app(grant.provider, grant.clientId)).accessLife;

type Aged = HeldToken & Required<Pick<HeldToken, 'issuedAt'>>;

function held({ state }: Platform, token: string, life: Duration): Aged {
  const issuedAt = state.clock.now();
  return { digest: digestOf(token), issuedAt, expiresAt: issuedAt + life };
}

function answer({ notes }: Platform, grant: GrantRecord, access: { token: string; held: Aged }): IssuedAccess {
  notes.issued = access.held.digest;
  return {
    accessToken: access.token,
    expiresIn: Math.floor((access.held.expiresAt - access.held.issuedAt) / 1_000),
    scopes: grant.scopes,
    persona: personaOf(grant),
    clientId: grant.clientId,
  };
}
