import { seconds, withTimeout } from '#config';
import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import { type Health, snapshot, type Tenant, type Tx } from '#persistence/sql';
import { type RefreshOutcome, storedOutcome, type TokenExchange } from './exchange/token-exchange.js';
import { type GrantFacts, hasEnded } from './protocol/grant.js';
import { after } from './protocol/schedule.js';
import { reportBrokenSeal } from './store/broken-seals.js';
import { readGrant } from './store/grants/grants.js';
import type { TokenContext } from './token-context.js';
import type { Vault } from './vault.js';

/** An account, and where its token is sealed. */
export interface TokenOwner extends Tenant {
  id: string;
  grantId: string;
  /** The workspace under which the grant is sealed: another one for a leased account. */
  grantWorkspaceId: string;
  /** Whether it has a token of its own, as a Page has. */
  ownToken: boolean;
}

/** Opens the token of an account: its own, or the one of its grant. Null: it was destroyed. */
export async function openAccessToken(vault: Vault, tx: Tx, account: TokenOwner): Promise<Secret | null> {
  if (account.ownToken) return vault.openAccountToken(tx, account);
  const grant = { id: account.grantId, workspaceId: account.grantWorkspaceId, environment: account.environment };
  return (await vault.openGrantTokens(tx, grant))?.access ?? null;
}

/** An account that a call can be made for. */
export interface CallableAccount extends TokenOwner {
  provider: string;
  health: Health;
  connectionType: string;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, grant_id as "grantId", own_token as "ownToken", health,
    connection_type as "connectionType", (select workspace_id from grants where id = grant_id) as "grantWorkspaceId"
  from accounts where workspace_id = $1 and environment = $2 and id = $3 and health <> 'disconnected'`;

/** A token that has not ended, and what is known of it. */
export interface UsableToken {
  account: CallableAccount;
  accessToken: Secret;
  /** Null: no end is known, as with the token of a Page. */
  expiresAt: Date | null;
  scopes: readonly string[];
}

export type TokenAvailability =
  | { kind: 'usable'; token: UsableToken }
  /** No such account, or a disconnected one. */
  | { kind: 'not_found' }
  | { kind: 'leased' }
  | { kind: 'needs_reauth' }
  /** Its sealed row does not open. */
  | { kind: 'seal_broken' }
  /** The token has ended; `refresh` is the outcome of its refresh. */
  | { kind: 'ended'; refresh: RefreshOutcome };

export interface TokenRequest extends Tenant {
  id: string;
  /** Seconds that the token should still be valid for; more than nine tenths of its lifetime count as that. */
  minTtl: number;
  /** Milliseconds to wait for a refresh where the token has ended. */
  maxWait: number;
}

/** A valid token is served after this at the latest: a refresh that takes longer continues in the background. */
const MAX_WAIT_WHILE_VALID = seconds(20);
const LATER: RefreshOutcome = { kind: 'unavailable', retryAfter: 60 };

/**
 * Opens the token of an account to be used by a caller. One that ends within `minTtl` is refreshed before, and is served
 * whatever the refresh did for as long as it is valid.
 */
export async function openUsableToken(
  context: TokenContext,
  exchange: Pick<TokenExchange, 'refresh'>,
  request: TokenRequest,
): Promise<TokenAvailability> {
  try {
    return await findUsableToken(context, exchange, request);
  } catch (error) {
    await reportBrokenSeal(context, error);
    return { kind: 'seal_broken' };
  }
}

async function findUsableToken(
  context: TokenContext,
  exchange: Pick<TokenExchange, 'refresh'>,
  request: TokenRequest,
): Promise<TokenAvailability> {
  const before = await read(context, request);
  if (before.kind !== 'read') return before;
  if (before.account.health === 'needs_reauth') return { kind: 'needs_reauth' };
  if (isValidFor(before, request.minTtl)) return served(before);
  const refresh = await refreshFirst(exchange, before, request.maxWait);
  const afterwards = await read(context, request);
  if (afterwards.kind !== 'read') return afterwards;
  return isValidFor(afterwards, 0) ? served(afterwards) : { kind: 'ended', refresh };
}

interface OpenedToken {
  kind: 'read';
  account: CallableAccount;
  grant: GrantFacts;
  accessToken: Secret;
  now: Date;
}

/** Account, grant and token of one moment: a consent may move the account to another grant between two reads. */
const read = ({ pool, vault }: TokenContext, request: TokenRequest): Promise<OpenedToken | TokenAvailability> =>
  snapshot(pool, (tx) => readWithin(tx, vault, request));

async function readWithin(
  tx: Tx,
  vault: Vault,
  { workspaceId, environment, id }: TokenRequest,
): Promise<OpenedToken | TokenAvailability> {
  const { rows } = await tx.query<CallableAccount>(READ, [workspaceId, environment, id]);
  const [account] = rows;
  if (!account) return { kind: 'not_found' };
  if (account.connectionType === 'leased') return { kind: 'leased' };
  const [facts, accessToken] = await Promise.all([
    readGrant(tx, account.grantId),
    // A reconnect is needed anyway, and replaces what does not open.
    openAccessToken(vault, tx, account).catch((error: unknown) => {
      if (error instanceof SealBroken && account.health === 'needs_reauth') return null;
      throw error;
    }),
  ]);
  if (!facts || !accessToken) return { kind: 'needs_reauth' };
  return { kind: 'read', account, accessToken, ...facts };
}

/** A `min_ttl` above the lifetime of a token would refresh it at every read, so a tenth of its lifetime passes between two refreshes. */
const MAX_SHARE_OF_LIFE = 0.9;

function isValidFor({ account, grant, now }: OpenedToken, ttl: number): boolean {
  const { accessExpiresAt, issuedAt } = grant;
  if (account.ownToken || accessExpiresAt === null) return true;
  const most = (accessExpiresAt.getTime() - issuedAt.getTime()) * MAX_SHARE_OF_LIFE;
  return !hasEnded(grant, after(now, Math.min(seconds(ttl), Math.max(0, most))));
}

const served = ({ account, grant, accessToken }: OpenedToken): TokenAvailability => ({
  kind: 'usable',
  token: {
    account,
    accessToken,
    expiresAt: account.ownToken ? null : grant.accessExpiresAt,
    scopes: grant.scopes,
  },
});

/** Forces the refresh of an idle grant. After a failure its schedule applies, so that reads do not overload a platform. */
async function refreshFirst(
  exchange: Pick<TokenExchange, 'refresh'>,
  { grant, now }: OpenedToken,
  maxWait: number,
): Promise<RefreshOutcome> {
  const left = grant.accessExpiresAt ? grant.accessExpiresAt.getTime() - now.getTime() : 0;
  const wait = left > 0 ? Math.min(maxWait, MAX_WAIT_WHILE_VALID, Math.ceil(left / 2)) : maxWait;
  const outcome = await withTimeout<RefreshOutcome>(
    exchange.refresh(grant.id, { forced: grant.refreshState === 'idle', maxWait: wait }),
    wait,
    () => LATER,
  );
  return outcome.kind === 'nothing_to_do' ? storedOutcome(grant, now) : outcome;
}
