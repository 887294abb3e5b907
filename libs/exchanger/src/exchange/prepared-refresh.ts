import type { Secret } from '#observability';
import type { GrantTokens } from '#tokens';
import type { AppRow, Claim } from '#tokens/store';

/** All that one refresh needs, opened for its length. */
export interface PreparedRefresh {
  claim: Claim;
  app: AppRow;
  tokens: GrantTokens;
  /** The token that the refresh spends or extends. */
  sent: Secret;
  /** Null for a request that an earlier process sent: it is not sent again. */
  clientSecret: Secret | null;
}

/** Whether an earlier process sent the request: then nothing is sent for it, also not to revoke or to check. */
export const isRecovered = ({ clientSecret }: PreparedRefresh): boolean => clientSecret === null;
