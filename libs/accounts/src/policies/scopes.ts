/** RFC 6749 3.3 scope-token, without the comma that some platforms separate with. */
const SCOPE = /^[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]{1,128}$/;
const MOST = 64;

export const areScopes = (scopes: readonly string[]): boolean => scopes.length <= MOST && scopes.every((scope) => SCOPE.test(scope));
