import { Secret } from '#observability';
import type { TokenSet } from '#providers';

/** The refreshes of tokens that are to be revoked. */
export interface Renewal {
  /** Milliseconds since 1970, by the database: when the refreshed access token ends. Null: it was not refreshed, or has no end. */
  endsAt: number | null;
  isDone: boolean;
  refusals: number;
}

/** A token set as one secret text: it is sealed whole. */
export const packTokens = (tokens: TokenSet): Secret =>
  new Secret(
    JSON.stringify({
      ...tokens,
      accessToken: tokens.accessToken.reveal(),
      refreshToken: tokens.refreshToken?.reveal() ?? null,
    }),
  );

export function unpackTokens(packed: Secret): TokenSet & { renewal?: Renewal } {
  const plain = JSON.parse(packed.reveal()) as Omit<TokenSet, 'accessToken' | 'refreshToken'> & {
    renewal?: Renewal;
    accessToken: string;
    refreshToken: string | null;
  };
  return {
    ...plain,
    accessToken: new Secret(plain.accessToken),
    refreshToken: plain.refreshToken === null ? null : new Secret(plain.refreshToken),
  };
}
