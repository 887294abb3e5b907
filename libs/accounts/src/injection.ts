/** The token room's collaborators. */
export const ROOM = Symbol('ROOM');
/** The way to token and revoke endpoints. */
export const TOKEN_EXCHANGE = Symbol('TOKEN_EXCHANGE');
