import { digestOf } from './digest.js';
import { type Issued, issueTokens } from './issue-tokens.js';
import type { Platform } from './contract.js';
import { assertGrantValid, knobsOf, personaOf } from './platform.js';
import type { GrantRecord } from './records.js';
import { Refusal } from './refusal.js';
import { meetPersona } from './token-traits.js';

/** RFC 6749, 6. Where tokens rotate, each is good once, and its reuse may end the grant (RFC 9700, 4.14.2). */
export function refreshTokens(platform: Platform, clientId: string, refreshToken: string): Issued {
  const { state, definition, notes } = platform;
  const digest = digestOf(refreshToken);
  notes.presented = digest;
  const grant = state.grants.holding(digest);
  if (grant?.provider !== definition.name || grant.clientId !== clientId) throw new Refusal('unknown_token');
  meetPersona(platform, grant);
  assertGrantValid(grant, state.clock.now());
  assertRefreshTokenIsGood(platform, grant, digest);
  notes.cutConnection = losesAnswer(grant);
  return issueTokens(platform, grant, refreshToken);
}

/** Every second answer arrives, so that a platform which forgives a loss is seen to. */
export function losesAnswer(grant: GrantRecord): boolean {
  if (!personaOf(grant).traits.losesAnswers) return false;
  grant.answerLost = !grant.answerLost;
  return grant.answerLost;
}

function assertRefreshTokenIsGood(platform: Platform, grant: GrantRecord, digest: string): void {
  const now = platform.state.clock.now();
  if (!grant.refresh || grant.access.some((held) => held.digest === digest)) throw new Refusal('unknown_token');
  if (grant.refresh.digest !== digest) assertWithinGrace(platform, grant, digest);
  if (grant.refresh.expiresAt <= now) throw new Refusal('expired_token');
}

function assertWithinGrace(platform: Platform, grant: GrantRecord, digest: string): void {
  const { state, definition } = platform;
  const now = state.clock.now();
  const knobs = knobsOf(platform, state.app(definition.name, grant.clientId));
  const spent = grant.spent.find((held) => held.digest === digest);
  if (spent && now < spent.spentAt + knobs.grace) return;
  if (knobs.familyRevocation) state.endGrant(grant);
  throw new Refusal('spent_token');
}
