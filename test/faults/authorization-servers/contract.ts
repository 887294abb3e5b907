/** Which of the two servers: both are other people's code, written independently of each other. */
export type ServerKind = 'oidc-provider' | 'oauth2-server';

/** What can be turned while it runs. */
export interface Knobs {
  /** Lifetime of a new access token in seconds. */
  accessTokenLife: number;
  /** Within that number of seconds a rotated refresh token is answered with the same pair again; 0: strict. */
  graceSeconds: number;
  /** Milliseconds between a token request's arrival and the server's own commit (the rotation). */
  delayBefore: number;
  /** Milliseconds between that commit and the answer. */
  delayAfter: number;
}

/** `before`: the server never looked at the request. `after`: it has rotated, and its answer is replaced or lost. */
export type FaultMoment = 'before' | 'after';

/** What goes wrong with one answer. `when` is `before` by default; `first`: at the first use of each token alone. */
export type Fault =
  | {
      kind: 'answer';
      status: number;
      headers?: Record<string, string>;
      body?: string;
      when?: FaultMoment;
      first?: boolean;
      /** With `first`: at one token in this number; the others are answered rightly. */
      oneIn?: number;
    }
  | { kind: 'hang'; when?: FaultMoment }
  | { kind: 'reset'; when?: FaultMoment }
  /** Answered rightly, only late. */
  | { kind: 'slow'; seconds: number; when?: FaultMoment }
  /** Answered rightly, in another encoding or with text that not every database accepts. */
  | { kind: 'rewrite'; how: Rewriting };

/** How a right answer is rewritten; `poison`: with control characters and broken Unicode beside the tokens. */
export type Rewriting = 'gzip' | 'deflate' | 'br' | 'bom' | 'utf16' | 'form' | 'poison';

export type FaultyEndpoint = 'token' | 'userinfo';

/** A person's active grant, made without a browser. */
export interface SeededGrant {
  userId: string;
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

/** What the server itself holds about one person. */
export interface GrantTruth {
  userId: string;
  /** SHA-256 (hex) of the one refresh token that would work now; null: none would. */
  leaf: string | null;
  revoked: boolean;
}

/**
 * What became of one refresh token that was presented: `rotated` a new pair · `repeated` the same pair again, within the
 * grace · `refused` the server's own no · `unseen` a fault stood before the server, which never looked at it.
 */
export type UseResult = 'rotated' | 'repeated' | 'refused' | 'unseen';

export interface RefreshUse {
  /** Counts from 1 over the server's life. */
  sequence: number;
  /** Unix milliseconds by the server's clock, when the request had been read. */
  at: number;
  fingerprint: string;
  /** Whose token it was; null where the server never issued it. */
  userId: string | null;
  /** Null while it is being worked on. */
  result: UseResult | null;
  /** The fault that hit its answer, by kind. */
  fault: Fault['kind'] | null;
}

export interface Counters {
  tokenRequests: number;
  rotations: number;
  repeated: number;
  refused: number;
  unseen: number;
  userinfoRequests: number;
  revocations: number;
  /** Faults that struck, at either endpoint. */
  faults: number;
}
