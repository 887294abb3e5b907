import { digestOf } from './digest.js';
import type { Platform } from './contract.js';
import { assertGrantValid, personaOf } from './platform.js';
import type { GrantRecord, HeldToken } from './records.js';
import { Refusal } from './refusal.js';

const ENDED = 0;

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
  assertGrantValid(grant, now);
  if (held.expiresAt === ENDED) throw new Refusal('revoked_token');
  if (held.expiresAt <= now) throw new Refusal('expired_token');
  if (definition.billsCalls) assertPaidFor(grant, now);
  return grant;
}

function assertPaidFor(grant: GrantRecord, now: number): void {
  const { creditsEndAfter = Infinity } = personaOf(grant).traits;
  if (now - grant.grantedAt >= creditsEndAfter) throw new Refusal('credits_depleted');
}

/** The app's grant that this token belongs to, live or not; a token of another app is unknown to this one. */
export function grantOfToken(platform: Platform, clientId: string, token: string): GrantRecord | undefined {
  const grant = platform.state.grants.holding(digestOf(token));
  if (grant?.provider !== platform.definition.name || grant.clientId !== clientId) return undefined;
  platform.notes.persona = grant.persona;
  return grant;
}

/** What is known of one of the grant's access tokens; undefined for a token of another kind, or a deleted one. */
export function heldAccess(grant: GrantRecord, token: string): HeldToken | undefined {
  const digest = digestOf(token);
  return grant.access.find((held) => held.digest === digest);
}

export const isAccessToken = (grant: GrantRecord, token: string): boolean => heldAccess(grant, token) !== undefined;

/** Ends one access token; the grant stays active. */
export function endAccessToken({ state }: Platform, grant: GrantRecord, token: string): void {
  const digest = digestOf(token);
  grant.access = grant.access.map((held) => (held.digest === digest ? { digest, expiresAt: ENDED } : held));
  state.grants.save(grant);
}

/** Ends all access tokens of the grant; its refresh token stays good. */
export function endAccessTokens({ state }: Platform, grant: GrantRecord): void {
  grant.access = grant.access.map(({ digest }) => ({ digest, expiresAt: ENDED }));
  state.grants.save(grant);
}
