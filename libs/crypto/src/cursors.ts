import { readCursor, writeCursor } from './cursor.js';
import type { Keyring } from './keyring.js';

/** Signs and reads cursors, and can do nothing else with the keys: what a room that lists is given. */
export class Cursors {
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  write(scope: unknown, position: unknown): string {
    return writeCursor(this.#keyring, scope, position);
  }

  /** Undefined when the cursor is damaged or belongs to another list. */
  read(scope: unknown, cursor: string): unknown {
    return readCursor(this.#keyring, scope, cursor);
  }
}
