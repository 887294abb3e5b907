import { inspect } from 'node:util';

const MASK = '[secret]';

/** A confidential value. It prints as `[secret]` in logs, JSON, templates and inspect; only `reveal()` returns it. */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** Returns the value. Call it at the place of use, and store the result in no field. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
