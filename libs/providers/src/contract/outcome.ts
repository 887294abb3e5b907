import type { Secret } from '#observability';

/** What a token endpoint returned. Durations are seconds from the answer; null where the answer has none. */
export interface TokenSet {
  accessToken: Secret;
  refreshToken: Secret | null;
  /** 0 where the answer states that the token has no end: with 0, less than 0, or JSON's null. */
  expiresIn: number | null;
  refreshExpiresIn: number | null;
  /** Granted scopes; null where the answer has no scope (RFC 6749 5.1: then as requested). */
  scopes: string[] | null;
}

/** The person or profile of an access token. Ids are strings, never normalised. */
export interface Identity {
  platformUserId: string;
  platformAccountId: string;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  /** Granted scopes, where the platform returns them here instead of with its tokens. */
  scopes?: string[];
}

/**
 * What a refusal means:
 * `temporary` wait and retry · `app` the app's id, secret or standing is refused, accounts stay · `permanent` the grant
 * seems revoked, a candidate that needs a second check · `owner` the platform requires an action of its user · `permission` the
 * token is good, a scope or role is missing.
 */
export type FailureClass = 'temporary' | 'app' | 'permanent' | 'owner' | 'permission';

export interface Failure {
  class: FailureClass;
  /** A stable health reason: `grant_revoked`, `rate_limited`, … */
  reason: string;
  /** The platform's own code, for diagnosis; never a message, never a token. */
  code: string;
  /** Seconds to wait, as the platform requests. */
  retryAfter?: number;
}

/**
 * `unlisted`: the platform looked at the request and refused it, in words that no table lists or, with an unreadable body, by
 * its status alone; a page with such a status is probably of a proxy. `outcomeUnknown`: the platform may have spent the code or the refresh token that was sent. `success`: a
 * success by its status that holds neither a readable token set nor a refusal. `failure`: a redirect, a failure of the
 * platform or of a gateway before it, or a page in place of a refusal; the answer of the platform itself may be lost.
 */
export type TokenOutcome =
  | { ok: true; tokens: TokenSet }
  | { ok: false; failure: Failure; outcomeUnknown?: 'success' | 'failure'; unlisted?: 'words' | 'status' | 'page' };
export type IdentityOutcome = { ok: true; identity: Identity } | { ok: false; failure: Failure };

/** What a probe found. `reauthDueAt`: the day after which only the person can help, where the platform names it. */
export type ProbeReading = { ok: true; scopes?: string[]; reauthDueAt?: Date } | { ok: false; failure: Failure };
