import { digestOf, sameDigest } from './digest.js';
import type { Platform } from './contract.js';
import { assertGrantValid } from './platform.js';
import { type GrantRecord, type HeldPageToken, type HeldToken, NO_END } from './records.js';
import { Refusal } from './refusal.js';

/** A token for one Page, in the clear. It ends with the hour's token that requested it, or never where that is long-lived. */
export function issuePageToken(
  { state, definition }: Platform,
  grant: GrantRecord,
  page: string,
  requestedWith: HeldToken,
): string {
  const token = definition.tokens.newAccessToken();
  const expiresAt = requestedWith.shortLived ? requestedWith.expiresAt : NO_END;
  state.grants.keepForPage(grant, { digest: digestOf(token), issuedAt: state.clock.now(), expiresAt, page });
  return token;
}

/** The Page and grant of a Page's token; undefined for a token of another kind. Refuses one that ended, with the reason. */
export function heldPageToken(
  { state, definition, notes }: Platform,
  token: string,
): { grant: GrantRecord; held: HeldPageToken } | undefined {
  const digest = digestOf(token);
  const grant = state.grants.holding(digest);
  const held = grant?.pageTokens?.find((one) => sameDigest(one.digest, digest));
  if (!grant || !held || grant.provider !== definition.name) return undefined;
  notes.clientId = grant.clientId;
  notes.persona = grant.persona;
  const now = state.clock.now();
  assertGrantValid(grant, now);
  if (held.expiresAt <= now) throw new Refusal('expired_token');
  return { grant, held };
}
