import type { Persona } from './personas.js';

/** What a platform would call an app about. Its time is that of the sandbox's clock. */
export interface PushOccasion {
  readonly kind: 'revoked' | 'data_deletion';
  readonly clientId: string;
  readonly persona: Persona;
  readonly at: number;
}

/** Where an app is called, and the secret that both have. */
export interface PushReceiver {
  readonly url: string;
  readonly secret: string;
}

export interface PushMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a platform calls the apps, in its own words and under its own signature. */
export interface SandboxPush {
  /** Undefined: not reported. */
  message(occasion: PushOccasion, receiver: PushReceiver): PushMessage | undefined;
  /** The request that a URL must answer before it is accepted, and whether the answer is right. */
  challenge?(receiver: PushReceiver): { readonly url: string; isProof(answer: unknown): boolean };
}

/**
 * What it takes to call one app. The secret is kept as it is, for a signature cannot be made with a digest: nothing in a
 * sandbox is worth a thief's while, and no app should come here with the secret it uses at the platform itself.
 */
export interface PushRecord {
  readonly provider: string;
  readonly clientId: string;
  readonly url?: string;
  readonly secret?: string;
}

/** Both halves, once the app has sent its secret and its push URL is configured. */
export const receiverOf = ({ url, secret }: Partial<PushRecord> = {}): PushReceiver | undefined =>
  url && secret ? { url, secret } : undefined;
