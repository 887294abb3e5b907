import { Secret } from '#observability';

export interface CallbackInput {
  provider: string;
  /** From the path, where the app has a callback of its own. */
  oauthAppId?: string;
  query: Record<string, string | string[] | undefined>;
}

/** A callback that was read: the person's browser brings a code, or the platform's error. */
export interface Callback {
  state: string;
  code: Secret | undefined;
  error: string | undefined;
}

/** Reads the query; undefined when it has no state, or a parameter stands twice (RFC 6749 3.1). */
export function readCallback(query: CallbackInput['query']): Callback | undefined {
  const { state, code, error } = query;
  if (typeof state !== 'string' || Array.isArray(code) || Array.isArray(error)) return undefined;
  return { state, code: code ? new Secret(code) : undefined, error: error || undefined };
}
