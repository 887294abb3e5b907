import type { Duration } from '#config';

/** How a PKCE verifier may be written down to equal the challenge: RFC 7636, 4.6, and hex for those who differ from it. */
export type ChallengeForm = 'base64url-s256' | 'hex-s256' | 'plain';

export interface Challenge {
  readonly value: string;
  readonly forms: readonly ChallengeForm[];
}

/** What a tester may set differently for one app. */
export interface TokenKnobs {
  readonly accessLife: Duration;
  readonly refreshLife: Duration;
  /** False: a refresh gives the same refresh token again. Left out: it gives a new one, and the old one is spent. */
  readonly rotation?: boolean;
  /** How long a refresh token still works after it was spent; 0 means not at all. */
  readonly grace: Duration;
  /** A spent refresh token that comes again ends the whole grant (RFC 9700, 4.14.2). */
  readonly familyRevocation: boolean;
}

/** Times are milliseconds of the sandbox's clock; tokens, codes and secrets are kept as digests only. */
export interface AppRecord {
  readonly provider: string;
  readonly clientId: string;
  redirectUris: string[];
  secretDigest?: string;
  knobs: Partial<TokenKnobs>;
  /** Names out of the platform's own list. */
  quirks?: string[];
}

export interface CodeRecord {
  readonly digest: string;
  readonly provider: string;
  readonly clientId: string;
  readonly persona: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Requested and not granted. */
  readonly declined?: readonly string[];
  /** The Pages that were ticked; undefined: all of them, including later ones. */
  readonly opened?: readonly string[];
  readonly challenge?: Challenge;
  readonly issuedAt: number;
  used?: boolean;
}

export interface HeldToken {
  readonly digest: string;
  /** 0: ended before its time; NO_END: it has none. */
  readonly expiresAt: number;
  /** Kept where a platform checks the age of a token. */
  readonly issuedAt?: number;
  /** Good only to be traded for a long-lived one, and for API calls until then. */
  readonly shortLived?: true;
}

/** Beyond every clock, and written in JSON. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** A token of one Page instead of the person. */
export interface HeldPageToken extends HeldToken {
  readonly page: string;
}

export interface SpentToken {
  readonly digest: string;
  readonly spentAt: number;
}

/** What one person gave to one app: one record, so that a rotation is one write. */
export interface GrantRecord {
  readonly id: string;
  readonly provider: string;
  readonly clientId: string;
  readonly persona: string;
  readonly scopes: readonly string[];
  readonly declined?: readonly string[];
  /** As in the person's latest consent for the app, whichever grant came of that. */
  opened?: readonly string[];
  readonly grantedAt: number;
  /** When the person, the app or the platform ended it; may lie ahead, for personas who change their mind. */
  endsAt?: number;
  access: HeldToken[];
  refresh?: HeldToken;
  pageTokens?: HeldPageToken[];
  /** The answer to its last refresh was kept from the app. */
  answerLost?: boolean;
  /** The last few, so that a reuse is known as one; older ones are answered as unknown. */
  spent: SpentToken[];
}
