import type { Platform, TokenRules } from './contract.js';
import { digestOf } from './digest.js';
import { knobsOf, personaOf } from './platform.js';
import type { Persona } from './personas.js';
import type { GrantRecord, HeldToken } from './records.js';

/** A fresh token set, in the clear for the answer. Lifetimes are in seconds, as on the wire. */
export interface Issued {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken?: string;
  readonly refreshExpiresIn: number;
  readonly scopes: readonly string[];
  readonly persona: Persona;
  readonly clientId: string;
}

interface Minted {
  readonly token: string;
  readonly held: HeldToken;
}

/** Mints a pair into the grant. `presented`: the refresh token that came; where it does not rotate it is given back. */
export function issueTokens(platform: Platform, grant: GrantRecord, presented?: string): Issued {
  const { state, definition, notes } = platform;
  const rules = { ...definition.tokens, ...knobsOf(platform, state.app(definition.name, grant.clientId)) };
  const now = state.clock.now();
  const refresh = getsRefreshToken(rules, grant) ? refreshFor(grant, rules, now, presented) : undefined;
  const accessEnd = endOfAccess(grant, rules, now, refresh);
  if (rules.refreshEndsOldAccess) state.grants.dropAccess(grant);
  const access = mint(rules.newAccessToken(), accessEnd);
  state.grants.renew(grant, { access: access.held, ...(refresh && { refresh: refresh.held }) }, now);
  notes.issued = refresh?.held.digest;
  return {
    accessToken: access.token,
    expiresIn: secondsBetween(now, accessEnd),
    ...(refresh && { refreshToken: refresh.token }),
    refreshExpiresIn: secondsBetween(now, refresh?.held.expiresAt ?? now + rules.refreshLife),
    scopes: grant.scopes,
    persona: personaOf(grant),
    clientId: grant.clientId,
  };
}

const mint = (token: string, expiresAt: number): Minted => ({ token, held: { digest: digestOf(token), expiresAt } });
const secondsBetween = (from: number, to: number): number => Math.floor((to - from) / 1_000);

function endOfAccess(grant: GrantRecord, rules: TokenRules, now: number, refresh: Minted | undefined): number {
  const end = now + (personaOf(grant).traits.accessLife ?? rules.accessLife);
  return refresh && rules.refreshEndsForGood ? Math.min(end, refresh.held.expiresAt) : end;
}

function refreshFor(grant: GrantRecord, rules: TokenRules, now: number, presented?: string): Minted {
  const before = grant.refresh;
  if (rules.rotation === false && presented && before?.digest === digestOf(presented))
    return { token: presented, held: before };
  return mint(rules.newRefreshToken(), before && rules.refreshEndsForGood ? before.expiresAt : now + rules.refreshLife);
}

function getsRefreshToken({ refreshScope }: TokenRules, grant: GrantRecord): boolean {
  if (personaOf(grant).traits.noRefreshToken) return false;
  return refreshScope === undefined || grant.scopes.includes(refreshScope);
}
