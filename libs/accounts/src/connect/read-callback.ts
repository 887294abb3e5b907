import { Secret } from '#observability';
import type { CallbackRefusal } from '#providers';

/** The query of a callback; a parameter that is given twice is a list. */
export type CallbackQuery = Record<string, string | string[] | undefined>;

/** The parameters of a callback: a code, or the platform's refusal. */
export interface Callback {
  state: string;
  code: Secret | undefined;
  refusal: CallbackRefusal | undefined;
}

/** Undefined when the query has no state, or a parameter twice (RFC 6749 section 3.1). */
export function readCallback(query: CallbackQuery): Callback | undefined {
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
 * Some platforms append `#_=_` or `#_` to the redirect URI. Browsers do not send the fragment; other clients send it as the
 * end of the last parameter.
 */
export const withoutFragment = (text: string): string => text.replace(/#_(=_)?$/, '');

/** `error` counts even beside a code (RFC 6749 section 4.1.2.1); beside a code no other parameter makes a refusal. */
function readRefusal(query: CallbackQuery, hasCode: boolean): CallbackRefusal | undefined {
  const read = (name: string): string | undefined => {
    const value = query[name];
    return (typeof value === 'string' && withoutFragment(value)) || undefined;
  };
  const refusal = { error: read('error'), reason: read('error_reason'), code: read('error_code') };
  const others = [refusal.reason, refusal.code, read('error_description'), read('error_message')];
  return refusal.error !== undefined || (!hasCode && others.some((text) => text !== undefined)) ? refusal : undefined;
}
