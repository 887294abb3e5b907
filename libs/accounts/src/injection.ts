/** The TokenContext of #tokens. */
export const TOKEN_CONTEXT = Symbol('TOKEN_CONTEXT');
/** The name of the process: `api`, `worker`. */
export const PROCESS_NAME = Symbol('PROCESS_NAME');
/** Resolves after the given milliseconds. */
export const PAUSE = Symbol('PAUSE');
export type Pause = (milliseconds: number) => Promise<unknown>;
/** The TokenExchange: calls to token and revoke endpoints. */
export const TOKEN_EXCHANGE = Symbol('TOKEN_EXCHANGE');
/** The first letters of every API key. */
export const API_KEY_PREFIX = Symbol('API_KEY_PREFIX');
/** How many OAuth apps a workspace may have in one environment. */
export const OAUTH_APPS_LIMIT = Symbol('OAUTH_APPS_LIMIT');
