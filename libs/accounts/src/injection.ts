import type { Tx } from '#persistence';

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
/** The Posts of this process. */
export const POSTS = Symbol('POSTS');

/** What a disconnect changes in the posts of an account. */
export interface Posts {
  /** Cancels the queued posts of an account, in the transaction that disconnects it. Returns their number. */
  cancelPostsOf(tx: Tx, accountId: string): Promise<number>;
}

/** For a process without publishing. */
export const noPosts: Posts = { cancelPostsOf: () => Promise.resolve(0) };
