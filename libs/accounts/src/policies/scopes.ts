import { invalidScopes } from '../accounts.errors.js';

/**
 * What the platforms use of RFC 6749 3.3's scope-token: names, URLs and colons. The other characters mean something in a
 * query, in HTML or in a list, and no platform has them in a name.
 */
const SCOPE = /^[\w.~:/*+!@$-]{1,128}$/;
const MAX_SCOPES = 64;

/** The scopes, each once. Throws scopes.invalid, which names the first invalid one, and for a list without any. */
export function readScopes(scopes: readonly string[], field = 'scopes'): string[] {
  if (scopes.length === 0) throw invalidScopes('must have at least one entry', field);
  if (scopes.length > MAX_SCOPES) throw invalidScopes(`must have at most ${MAX_SCOPES} entries`, field);
  const wrong = scopes.findIndex((scope) => !SCOPE.test(scope));
  if (wrong >= 0)
    throw invalidScopes(
      `must each be 1 to 128 ASCII letters, digits and . _ ~ : / * + ! @ $ -, which number ${wrong + 1} is not`,
      field,
    );
  return [...new Set(scopes)];
}
