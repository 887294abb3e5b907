import { digestOf, randomText } from './digest.js';
import { type Issued, issueTokens } from './issue-tokens.js';
import type { Platform } from './contract.js';
import { personaOf } from './platform.js';
import { verifierFits } from './pkce.js';
import type { CodeRecord, GrantRecord } from './records.js';
import { Refusal } from './refusal.js';
import { meetPersona } from './token-traits.js';

export interface CodePresented {
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier?: string;
}

/** RFC 6749, 4.1.3: the tokens for a code. */
export const exchangeCode = (platform: Platform, presented: CodePresented): Issued =>
  issueTokens(platform, redeemCode(platform, presented));

/** A code is good once, for a short time, for the app and redirect URI it was made for. The new grant holds no token yet. */
export function redeemCode(platform: Platform, presented: CodePresented): GrantRecord {
  const { state, definition } = platform;
  const code = state.codes.get(digestOf(presented.code));
  if (code?.provider !== definition.name || code.clientId !== presented.clientId) throw new Refusal('unknown_code');
  assertCodeIsGood(platform, code, presented);
  meetPersona(platform, code);
  state.codes.save({ ...code, used: true });
  if (definition.tokens.oneGrantPerPerson) endGrants(platform, code);
  if (definition.pages) openPages(platform, code);
  return newGrant(code, state.clock.now());
}

function assertCodeIsGood({ state, definition }: Platform, code: CodeRecord, presented: CodePresented): void {
  if (code.used) throw new Refusal('reused_code');
  if (code.issuedAt + definition.tokens.codeLife < state.clock.now()) throw new Refusal('late_code');
  if (code.redirectUri !== presented.redirectUri) throw new Refusal('wrong_redirect');
  if (code.challenge && !verifierFits(code.challenge, presented.verifier)) throw new Refusal('wrong_verifier');
}

function endGrants({ state }: Platform, code: CodeRecord): void {
  for (const grant of state.grants.ofPerson(code.provider, code.clientId, code.persona)) state.endGrant(grant);
}

/** The person's latest consent decides which Pages an app may reach, for all of the app's tokens of that person. */
function openPages({ state }: Platform, { provider, clientId, persona, opened }: CodeRecord): void {
  for (const grant of state.grants.ofPerson(provider, clientId, persona)) {
    grant.opened = opened;
    state.grants.save(grant);
  }
}

function newGrant(code: CodeRecord, now: number): GrantRecord {
  const { revokesAfter } = personaOf(code).traits;
  return {
    id: randomText(12),
    provider: code.provider,
    clientId: code.clientId,
    persona: code.persona,
    scopes: code.scopes,
    ...(code.declined && { declined: code.declined }),
    ...(code.opened && { opened: code.opened }),
    grantedAt: now,
    ...(revokesAfter !== undefined && { endsAt: now + revokesAfter }),
    access: [],
    spent: [],
  };
}

/** A code for what the person granted, in the form of the platform. */
export function newCode(platform: Platform, granted: Omit<CodeRecord, 'digest' | 'issuedAt' | 'used'>): string {
  const code = platform.definition.authorize.newCode();
  platform.state.codes.save({ ...granted, digest: digestOf(code), issuedAt: platform.state.clock.now() });
  return code;
}
