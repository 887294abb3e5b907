import { digestOf } from './digest.js';
import { assertGrantLives, type Platform } from './platform.js';
import type { GrantRecord } from './records.js';
import { Refusal } from './refusal.js';

/** Whose access token this is. Refuses a token that ended, with the reason. */
export function holderOf(platform: Platform, accessToken: string): GrantRecord {
  const { state, definition, notes } = platform;
  const digest = digestOf(accessToken);
  const grant = state.grants.holding(digest);
  const held = grant?.access.find((token) => token.digest === digest);
  if (!grant || !held || grant.provider !== definition.name) throw new Refusal('unknown_token');
  notes.clientId = grant.clientId;
  notes.persona = grant.persona;
  const now = state.clock.now();
  assertGrantLives(grant, now);
  if (held.expiresAt <= now) throw new Refusal('expired_token');
  return grant;
}

/** The app's grant that this token belongs to, live or not; a token of another app is unknown to this one. */
export function grantOfToken(platform: Platform, clientId: string, token: string): GrantRecord | undefined {
  const grant = platform.state.grants.holding(digestOf(token));
  if (grant?.provider !== platform.definition.name || grant.clientId !== clientId) return undefined;
  platform.notes.persona = grant.persona;
  return grant;
}

export function isAccessToken(grant: GrantRecord, token: string): boolean {
  const digest = digestOf(token);
  return grant.access.some((held) => held.digest === digest);
}

/** Ends one access token and leaves the grant alive. */
export function endAccessToken({ state }: Platform, grant: GrantRecord, token: string): void {
  const digest = digestOf(token);
  grant.access = grant.access.map((held) => (held.digest === digest ? { digest, expiresAt: 0 } : held));
  state.grants.save(grant);
}
