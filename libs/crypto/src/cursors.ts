import type { Keyring } from './keyring.js';
import { isSigned, sign } from './signature.js';

const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/**
 * Signs and reads cursors: positions in a list as opaque text. `scope` is what a cursor is bound to (endpoint, tenant,
 * filters); it is signed, not stored. Code that lists gets this class instead of the keys.
 */
export class Cursors {
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  write(scope: unknown, position: unknown): string {
    const body = Buffer.from(JSON.stringify(position)).toString('base64url');
    return `${body}.${sign(this.#keyring, 'cursor', signed(scope, body))}`;
  }

  /** Undefined where the cursor is damaged or belongs to another list. */
  read(scope: unknown, cursor: string): unknown {
    const [, body, signature] = FORM.exec(cursor) ?? [];
    if (!body || !signature) return undefined;
    if (!isSigned(this.#keyring, 'cursor', signed(scope, body), signature)) return undefined;
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown;
  }
}

const signed = (scope: unknown, body: string): string => JSON.stringify([scope, body]);
