import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import type { Logger } from '#observability';

/** The interval of loads, also without traffic: a key that its owner has removed is refused after this time. */
const RELOAD_INTERVAL_MS = 10 * 60_000;
/** After a load, unknown key ids cause no further load for this time. */
const COOL_DOWN_MS = 30_000;
/** After a load that failed. */
const RETRY_MS = 5_000;
const LOAD_TIMEOUT_MS = 3_000;
/** Some 200 keys; identity providers publish two to ten. */
const MAX_BYTES = 65_536;
/** RFC 7518 3.3. */
const MIN_RSA_BITS = 2_048;

type PublicKey = Awaited<ReturnType<ReturnType<typeof createRemoteJWKSet>>>;

export interface RemoteKeysOptions {
  url: string;
  logger: Logger;
  /** A monotonic clock in milliseconds. */
  now?: () => number;
}

/**
 * The keys at a JWKS URL (RFC 7517 5). They are loaded at the start, at intervals, and when a token names an unknown key. Where
 * a load fails, the keys of the last one stay in use.
 */
export class RemoteKeys {
  readonly #set: ReturnType<typeof createRemoteJWKSet>;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #loading: Promise<boolean> | undefined;
  #mayLoadAt = -Infinity;
  #hasKeys = false;

  constructor(private readonly options: RemoteKeysOptions) {
    this.#now = options.now ?? (() => performance.now());
    // jose neither ages the keys nor cools down: it does so after loads that succeeded only.
    this.#set = createRemoteJWKSet(new URL(options.url), {
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      timeoutDuration: LOAD_TIMEOUT_MS,
      [customFetch]: fetchBounded,
    });
  }

  /** Loads the keys now and at intervals. A request does not wait for it. */
  start(): void {
    void this.load();
    this.#timer = setInterval(() => void this.load(), RELOAD_INTERVAL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Finds the key of a token's header. Throws a JOSEError where there is none, also while no load has succeeded. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.#key(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#loadAfterCoolDown())) throw error;
      return this.#key(header, token);
    }
  };

  /** Loads the keys, or waits for the load that is running. False: it failed, and the former keys stay. */
  load(): Promise<boolean> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<boolean> {
    try {
      await this.#set.reload();
      this.#hasKeys = true;
      this.#mayLoadAt = this.#now() + COOL_DOWN_MS;
      return true;
    } catch (error) {
      this.options.logger.warn({ err: error }, 'jwks.load_failed');
      this.#mayLoadAt = this.#now() + RETRY_MS;
      return false;
    }
  }

  async #loadAfterCoolDown(): Promise<boolean> {
    if (this.#loading) return this.#loading;
    return this.#now() >= this.#mayLoadAt && this.load();
  }

  async #key(...[header, token]: Parameters<JWTVerifyGetKey>): Promise<PublicKey> {
    if (!this.#hasKeys) throw new errors.JWKSNoMatchingKey();
    try {
      return strongEnough(await this.#set(header, token));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw error;
      // A member of the set that is no key of its type.
      throw new errors.JWKSInvalid('a key of the set cannot be used', { cause: error });
    }
  }
}

function strongEnough(key: PublicKey): PublicKey {
  const bits = (key.algorithm as { modulusLength?: number }).modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) throw new errors.JWKSInvalid('an RSA key of the set is too short');
  return key;
}

/** jose follows no redirect and refuses every status but 200; this adds the limit of the body, after decompression. */
const fetchBounded: FetchImplementation = async (url, init) => {
  const response = await fetch(url, init);
  if (response.status !== 200) {
    await response.body?.cancel();
    return response;
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new errors.JWKSInvalid(`the key set has more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return new Response(Buffer.concat(parts));
};
