import type { Challenge, TokenKnobs } from './contract.js';

/** Times are milliseconds of the sandbox's clock; tokens, codes and secrets are kept as digests only. */
export interface AppRecord {
  readonly provider: string;
  readonly clientId: string;
  redirectUris: string[];
  secretDigest?: string;
  knobs: Partial<TokenKnobs>;
}

export interface CodeRecord {
  readonly digest: string;
  readonly provider: string;
  readonly clientId: string;
  readonly persona: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge?: Challenge;
  readonly issuedAt: number;
  used?: boolean;
}

export interface HeldToken {
  readonly digest: string;
  readonly expiresAt: number;
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
  readonly grantedAt: number;
  /** When the person, the app or the platform ended it; may lie ahead, for personas who change their mind. */
  endsAt?: number;
  access: HeldToken[];
  refresh?: HeldToken;
  /** The last few, so that a reuse is known as one; older ones are answered as unknown. */
  spent: SpentToken[];
}
