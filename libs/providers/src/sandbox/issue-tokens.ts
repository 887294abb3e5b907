import { digestOf } from './digest.js';
import { knobsOf, personaOf, type Platform } from './platform.js';
import type { Persona } from './personas.js';
import type { GrantRecord, HeldToken } from './records.js';

/** A fresh token set, in the clear for the answer. Lives are in seconds, as on the wire. */
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

/** Mints a pair into the grant; whatever refresh token was there is spent by it. */
export function issueTokens(platform: Platform, grant: GrantRecord): Issued {
  const { state, definition, notes } = platform;
  const { tokens } = definition;
  const knobs = knobsOf(platform, state.app(definition.name, grant.clientId));
  const persona = personaOf(grant);
  const now = state.clock.now();
  const accessLife = persona.traits.accessLife ?? knobs.accessLife;
  if (tokens.refreshEndsOldAccess) state.grants.dropAccess(grant);
  const access = mint(tokens.newAccessToken(), now + accessLife);
  const refresh = getsRefreshToken(platform, grant) ? mint(tokens.newRefreshToken(), now + knobs.refreshLife) : undefined;
  state.grants.renew(grant, { access: access.held, ...(refresh && { refresh: refresh.held }) }, now);
  notes.issued = refresh?.held.digest;
  return {
    accessToken: access.token,
    expiresIn: Math.floor(accessLife / 1_000),
    ...(refresh && { refreshToken: refresh.token }),
    refreshExpiresIn: Math.floor(knobs.refreshLife / 1_000),
    scopes: grant.scopes,
    persona,
    clientId: grant.clientId,
  };
}

const mint = (token: string, expiresAt: number): Minted => ({ token, held: { digest: digestOf(token), expiresAt } });

function getsRefreshToken({ definition }: Platform, grant: GrantRecord): boolean {
  const { refreshScope } = definition.tokens;
  if (personaOf(grant).traits.noRefreshToken) return false;
  return refreshScope === undefined || grant.scopes.includes(refreshScope);
}
