import { digest, mac, sameDigest } from './digest.js';
import type { Keyring } from './keyring.js';

/** Digests of request bodies, which may hold a secret that is short enough to be guessed from a plain digest. */
export class BodyDigests {
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** HMAC-SHA-256 under the sealing master key. */
  write(body: string): Buffer {
    return mac(this.#keyring.subkey('body'), body);
  }

  /**
   * Whether a stored digest is one of this body: under any master key, so that a retry survives a rotation. The plain SHA-256
   * of version 0.1.0 is compared too, so that a retry survives the upgrade; such rows end after a day.
   */
  isOf(stored: Buffer, body: string): boolean {
    const possible = this.#keyring.ids.map((id) => mac(this.#keyring.subkey('body', id), body));
    return [...possible, digest(body)].some((one) => sameDigest(stored, one));
  }
}
