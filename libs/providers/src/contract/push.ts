import type { AppCredentials } from './app-credentials.js';

/** A call to a public URL, by any sender. Nothing in it is used before its signature is verified. */
export interface PushCall {
  /** The app or attempt that our URL names; null where the platform has one URL for everything. */
  topic: string | null;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The bytes as they came: signatures are over these. */
  body: Buffer;
  /** The time of the database. */
  now: Date;
}

/** What a platform reports about one person: it decides alone, without a second check. */
export interface PushNotice {
  kind: 'revoked' | 'data_deletion';
  platformUserId: string;
  /** A stable health reason. */
  reason: string;
  /** When the person did it, by the platform's clock: a consent given later is not affected. Null: not reported. */
  at: Date | null;
}

/** Which app and which person a body names. Nothing of it is verified: it only narrows down whose secrets are tried. */
export interface PushAddressee {
  clientId: string;
  platformUserId: string | null;
}

/** How a platform calls us, at `/v1/callbacks/<family>[/<our id of the app>[/<topic>]]`. */
export interface Push {
  /** One platform, or several that share a way of signing. */
  family: string;
  /** What may be the last part of the URL; left out: the URL ends with the app. */
  topics?: readonly string[];
  /** Where one URL serves all apps: what the unverified body names; left out: our URL names the app. */
  addresseeIn?(body: Buffer): PushAddressee | undefined;
  /**
   * Whether the call has the form of a signed one and names a time that is neither long past nor in the future. Needs no
   * secret and no query, so it comes before both.
   */
  isPlausible(call: PushCall): boolean;
  /** Whether a plausible call was signed with the app's secret. Compares in constant time. */
  isGenuine(call: PushCall, app: AppCredentials): boolean;
  /** The content of a genuine call; undefined if it does not concern a grant. */
  read(call: PushCall): PushNotice | undefined;
  /** The answer by which we prove that the URL is ours; undefined: no challenge that we answer. */
  answerChallenge?(query: Readonly<Record<string, unknown>>, app: AppCredentials): object | undefined;
  /** Whether the query is a challenge; checked before anything is looked up. */
  isChallenge?(query: Readonly<Record<string, unknown>>): boolean;
}
