import { Secret } from '#observability';
import type { CallbackRefusal } from '#providers';

export interface CallbackInput {
  provider: string;
  /** From the path, where the app has a callback of its own. */
  oauthAppId?: string;
  query: Record<string, string | string[] | undefined>;
}

/** A callback that was read: the person's browser brings a code, or the platform's refusal. */
export interface Callback {
  state: string;
  code: Secret | undefined;
  refusal: CallbackRefusal | undefined;
}

/** Reads the query; undefined when it has no state, or a parameter stands twice (RFC 6749 3.1). */
export function readCallback(query: CallbackInput['query']): Callback | undefined {
  const { state, code, error } = query;
  if (typeof state !== 'string' || Array.isArray(code) || Array.isArray(error)) return undefined;
  const codeText = withoutFragment(code ?? '');
  return {
    state: withoutFragment(state),
    code: codeText ? new Secret(codeText) : undefined,
    refusal: readRefusal(query, codeText !== ''),
  };
}

/**
 * Some platforms add `#_=_` or `#_` to the redirect URI. A browser keeps the fragment to itself; other clients send it
 * on as the end of the last parameter.
 */
export const withoutFragment = (text: string): string => text.replace(/#_(=_)?$/, '');

/** `error` counts even beside a code (RFC 6749 4.1.2.1); beside a code nothing else makes a refusal. */
function readRefusal(query: CallbackInput['query'], hasCode: boolean): CallbackRefusal | undefined {
  const said = (name: string): string | undefined => {
    const value = query[name];
    return (typeof value === 'string' && withoutFragment(value)) || undefined;
  };
  const refusal = { error: said('error'), reason: said('error_reason'), code: said('error_code') };
  const told = [refusal.reason, refusal.code, said('error_description'), said('error_message')];
  return refusal.error !== undefined || (!hasCode && told.some((text) => text !== undefined)) ? refusal : undefined;
}
