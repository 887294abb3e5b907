import { inspect } from 'node:util';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestParts {
  method: Method;
  /** The platform's own URL; where the environment is `test` the sandbox answers in its place. */
  url: string;
  headers?: Record<string, string>;
  /** Sent as application/x-www-form-urlencoded. */
  form?: Record<string, string>;
}

/** A request that carries tokens or secrets: it prints as method, origin and path only. */
export class PlatformRequest {
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Everything, for the sender of the request. */
  reveal(): RequestParts {
    return this.#parts;
  }

  toString(): string {
    const { origin, pathname } = new URL(this.#parts.url);
    return `${this.#parts.method} ${origin}${pathname}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** What came back, before anything is made of it. */
export interface PlatformAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** The bytes as they came, in whatever content encoding and charset. */
  body: Buffer;
}

/** Where a platform's URL is reached: in `test` below the sandbox, host and path kept (`<sandbox>/<host><path>`). */
export function reach(url: string, environment: 'live' | 'test', sandboxUrl: string): string {
  if (environment === 'live') return url;
  const { host, pathname, search } = new URL(url);
  return `${sandboxUrl}/${host}${pathname}${search}`;
}
