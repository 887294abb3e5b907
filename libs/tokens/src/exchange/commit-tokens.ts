import pRetry from 'p-retry';
import type { Secret } from '#observability';
import { recordEvent, transaction, type Tx } from '#persistence';
import { providerOf, type TokenSet } from '#providers';
import { listProfiles, syncProfiles } from '../grants/profiles.js';
import type { GrantFacts } from '../protocol/grant.js';
import { afterTokens } from '../protocol/settle.js';
import type { Room } from '../room.js';
import { clearApp } from '../store/apps.js';
import { endIntent } from '../store/claims.js';
import { changeGrant, databaseNow } from '../store/grants.js';
import { applyHealth } from '../store/health-store.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { Refresh } from './refresh-grant.js';
import { revokeTokens } from './revoke-tokens.js';
import { untilStored } from './until-stored.js';


/** Stores a new pair under the next version; a pair whose grant has moved on is kept as an orphan or revoked, never dropped. */
export async function commitTokens(room: Room, refresh: Refresh, tokens: TokenSet): Promise<RefreshOutcome> {
  const { claim, app } = refresh;
  const fate = await pRetry(
    () => transaction(room.pool, async (tx) => ((await store(room, tx, refresh, tokens)) ? 'stored' : keepLate(room, tx, refresh, tokens))),
    untilStored(room.logger, { grant: claim.grant.id }),
  );
  if (fate === 'unwanted') {
    await revokeTokens(room, { ...claim.grant, oauthAppId: app.id, ...tokens });
  }
  if (fate === 'stored') await renewProfiles(room, claim.grant, tokens.accessToken);
  return fate === 'stored' ? { kind: 'refreshed' } : { kind: 'nothing_to_do' };
}

/** A consent that came while the profiles were listed brought a newer list. */
const STILL_THE_SAME = 'select 1 from grants where id = $1 and token_version = $2::bigint + 1 for update';

/** With a renewed token the profiles are walked again: theirs are renewed too, and a lost role shows. */
async function renewProfiles(room: Room, grant: GrantFacts, token: Secret): Promise<void> {
  const listed = await listProfiles(room, grant, token);
  if (!listed?.ok) return;
  await transaction(room.pool, async (tx) => {
    const { rows } = await tx.query(STILL_THE_SAME, [grant.id, grant.tokenVersion]);
    if (rows.length === 0) return;
    await syncProfiles(room, tx, grant.id, listed.profiles);
    await applyHealth(tx, grant.id);
  });
}

async function store(room: Room, tx: Tx, { claim, app, tokens: before, sent }: Refresh, tokens: TokenSet): Promise<boolean> {
  const { grant, intentId } = claim;
  const now = await databaseNow(tx);
  const learned = tokens.refreshToken !== null && tokens.refreshToken.reveal() !== sent.reveal() && grant.mode === 'static';
  const change = afterTokens(grant, tokens, providerOf(grant.provider).token.defaultLife, { now, random: room.random });
  const version = await changeGrant(tx, grant, learned ? { ...change, mode: 'rotating_strict' } : change, { rotate: true });
  if (version === undefined) return false;
  await room.vault.sealGrantTokens(tx, grant, version, {
    access: tokens.accessToken,
    refresh: tokens.refreshToken ?? before.refresh,
    previous: sent,
  });
  await clearApp(tx, app);
  await endIntent(tx, intentId, 'committed');
  await putOffProbes(tx, grant);
  if (tokens.scopes) await compareScopes(tx, grant, tokens.scopes);
  await applyHealth(tx, grant.id);
  await announceRefresh(tx, grant.id);
  return true;
}

/** A platform that says which scopes are left says so of every account on the grant. */
async function compareScopes(tx: Tx, grant: GrantFacts, granted: readonly string[]): Promise<void> {
  const missing = providerOf(grant.provider).scopes.required.filter((scope) => !granted.includes(scope));
  await tx.query(`update accounts set missing_scopes = $2 where grant_id = $1 and health <> 'disconnected'`, [grant.id, missing]);
}

/** An ok to a refresh is the truth too: the next probe comes a whole rhythm later. */
async function putOffProbes(tx: Tx, grant: GrantFacts): Promise<void> {
  await tx.query(
    `update accounts set probe_due_at = db_now() + make_interval(secs => $2), probe_struck_at = null,
       probe_class = nullif(probe_class, 'suspected')
     where grant_id = $1 and not own_token and health <> 'disconnected'`,
    [grant.id, providerOf(grant.provider).probe.every / 1_000],
  );
}

/** Reconnected or disconnected meanwhile: beside a living pair the late one is an orphan, without one it is unwanted. */
async function keepLate(room: Room, tx: Tx, { claim: { grant, intentId } }: Refresh, tokens: TokenSet): Promise<'orphan' | 'unwanted'> {
  const living = await room.vault.openGrantTokens(tx, grant);
  if (living) await room.vault.sealOrphan(tx, { ...grant, id: intentId }, tokens);
  await endIntent(tx, intentId, 'answered', 'late');
  return living ? 'orphan' : 'unwanted';
}

async function announceRefresh(tx: Tx, grantId: string): Promise<void> {
  const { rows } = await tx.query<{ accountId: string; workspaceId: string; environment: 'live' | 'test' }>(
    `select id as "accountId", workspace_id as "workspaceId", environment from accounts
     where grant_id = $1 and health <> 'disconnected' order by id`,
    [grantId],
  );
  for (const account of rows) await recordEvent(tx, { ...account, type: 'account.refreshed' });
}
