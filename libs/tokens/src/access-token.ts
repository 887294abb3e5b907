import { seconds, withTimeout } from '#config';
import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import { Gathered, type Health, snapshot, type Tenant, type Tx } from '#persistence/sql';
import { type RefreshOutcome, storedOutcome, type TokenExchange } from './exchange/token-exchange.js';
import { type OpenedAccess, openAccessTokens, type TokenOwner } from './open-access-tokens.js';
import { type GrantFacts, hasEnded } from './protocol/grant.js';
import { after } from './protocol/schedule.js';
import { reportBrokenSeal } from './store/broken-seals.js';
import { type GrantAt, readGrants } from './store/grants/grants.js';
import type { TokenContext } from './token-context.js';
import type { Vault } from './vault.js';

/** An account that a call can be made for. */
export interface CallableAccount extends TokenOwner {
  provider: string;
  health: Health;
  connectionType: string;
}

/** The tenant of each account stands beside its id: one statement may serve several tenants. */
const READ = `
  select id, workspace_id as "workspaceId", environment, provider, grant_id as "grantId", own_token as "ownToken", health,
    connection_type as "connectionType", (select workspace_id from grants where id = grant_id) as "grantWorkspaceId", n::int as n
  from unnest($1::uuid[], $2::text[], $3::uuid[]) with ordinality as requested (of_workspace, of_environment, of_id, n)
    join accounts on workspace_id = of_workspace and environment = of_environment and id = of_id and health <> 'disconnected'`;

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

/** What a caller gets of a read that it shares: its own row may be broken. */
type Read = OpenedToken | TokenAvailability | { kind: 'broken'; error: SealBroken };

const reads = new WeakMap<TokenContext, Gathered<TokenRequest, Read>>();

async function read(context: TokenContext, request: TokenRequest): Promise<OpenedToken | TokenAvailability> {
  const shared = reads.get(context) ?? new Gathered((all) => readAll(context, all), context.pool);
  reads.set(context, shared);
  const found = await shared.load(request);
  if (found.kind === 'broken') throw found.error;
  return found;
}

/** Accounts, grants and tokens of one moment: a consent may move an account to another grant between two reads. */
const readAll = ({ pool, vault }: TokenContext, requests: readonly TokenRequest[]): Promise<Read[]> =>
  snapshot(pool, (tx) => readWithin(tx, vault, requests));

async function readWithin(tx: Tx, vault: Vault, requests: readonly TokenRequest[]): Promise<Read[]> {
  const found = requests.map((): Read => ({ kind: 'not_found' }));
  const accounts = await readAccounts(tx, requests);
  for (const { n } of accounts) found[n - 1] = { kind: 'leased' };
  const own = accounts.filter(({ connectionType }) => connectionType !== 'leased');
  if (own.length === 0) return found;
  const [grants, tokens] = await Promise.all([
    readGrants(
      tx,
      own.map(({ grantId }) => grantId),
    ),
    openAccessTokens(vault, tx, own),
  ]);
  for (const [at, { n, ...account }] of own.entries())
    found[n - 1] = readOf(account, grants.get(account.grantId), tokens[at]);
  return found;
}

async function readAccounts(
  tx: Tx,
  requests: readonly TokenRequest[],
): Promise<(CallableAccount & { /** The number of the request, from 1. */ n: number })[]> {
  const { rows } = await tx.query<CallableAccount & { n: number }>(READ, [
    requests.map(({ workspaceId }) => workspaceId),
    requests.map(({ environment }) => environment),
    requests.map(({ id }) => id),
  ]);
  return rows;
}

function readOf(account: CallableAccount, facts: GrantAt | undefined, token: OpenedAccess | undefined): Read {
  if (token instanceof SealBroken) {
    // A reconnect is needed anyway, and replaces what does not open.
    return account.health === 'needs_reauth' ? { kind: 'needs_reauth' } : { kind: 'broken', error: token };
  }
  return facts && token ? { kind: 'read', account, accessToken: token, ...facts } : { kind: 'needs_reauth' };
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
