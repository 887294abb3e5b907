import type { Pool } from 'pg';
import { Vault } from '#tokens';
import { fingerprint } from '../authorization-servers/fingerprint.js';
import type { RefreshUse } from '../authorization-servers/contract.js';
import { FIRST_VERSION } from '../load/seed-accounts.js';
import type { World } from '../world/world.js';
import type { AccountFacts, Facts, JournaledAnswer, PlatformFacts } from './facts.js';
import { readJournal } from './read-journal.js';
import { tokensInTheClear } from './tokens-in-the-clear.js';

const ACCOUNTS = `
  select accounts.id as "accountId", grants.id as "grantId", grants.workspace_id as "workspaceId", grants.environment,
    platform_user_id as person, token_version::int as version, refresh_state as state, health, health_reason as reason,
    (select count(*)::int from account_events where account_id = accounts.id and type = 'account.refreshed') as events,
    (select count(*)::int from outbox where account_id = accounts.id and type = 'account.refreshed') as queued,
    (select count(*)::int from exchange_intents where grant_id = grants.id and state = 'committed') as committed
  from grants join accounts on accounts.grant_id = grants.id order by accounts.id`;

const UNANSWERED = `
  select platform_user_id as person, exchange_intents.token_version::int as version, count(*)::int as count
  from exchange_intents join grants on grants.id = grant_id
  where kind = 'refresh' and state in ('dispatched', 'unknown') group by 1, 2`;

/** Facts that only the run itself has, because they cannot be read afterwards. */
export interface RunFacts {
  revoked: ReadonlySet<string>;
  journaled: readonly JournaledAnswer[];
  late: readonly string[];
}

/** Reads the product's database, journal and logs, and the ledger of the platform. */
export async function collectFacts(world: World, runFacts: RunFacts): Promise<Facts> {
  const { pool, settings } = world;
  const [truth, uses] = await Promise.all([world.platform.truth(), world.platform.uses()]);
  const leaves = new Map(truth.map(({ userId, leaf }) => [userId, leaf]));
  const platform: PlatformFacts = { leaves, sends: uses.map(toSend), revoked: runFacts.revoked };
  const accounts = await readAccounts(world);
  const chains = chainsOf(uses);
  return {
    accounts,
    platform,
    unanswered: await readUnanswered(pool, chains),
    journaled: runFacts.journaled,
    late: runFacts.late,
    unsettled: readJournal(settings.directory, world.keyring).length,
    inTheClear: await tokensInTheClear(world),
  };
}

const toSend = ({ fingerprint: token, result }: RefreshUse): { token: string; rotated: boolean } => ({
  token,
  rotated: result === 'rotated',
});

async function readAccounts({ pool, keyring }: World): Promise<AccountFacts[]> {
  const vault = new Vault(keyring);
  const { rows } = await pool.query<AccountFacts & { workspaceId: string; environment: 'live' | 'test' }>(ACCOUNTS);
  return Promise.all(
    rows.map(async ({ workspaceId, environment, ...account }) => {
      const tokens = await vault.openGrantTokens(pool, { id: account.grantId, workspaceId, environment });
      const stored = tokens?.refresh ? fingerprint(tokens.refresh.reveal()) : null;
      return { ...account, firstVersion: FIRST_VERSION, stored };
    }),
  );
}

/** The tokens of each person in the order of their first use: the nth token belongs to the nth version. */
function chainsOf(uses: readonly Pick<RefreshUse, 'userId' | 'fingerprint'>[]): Map<string, string[]> {
  const chains = new Map<string, string[]>();
  for (const { userId, fingerprint: token } of uses) {
    const chain = chains.get(userId ?? '') ?? [];
    if (!chain.includes(token)) chain.push(token);
    chains.set(userId ?? '', chain);
  }
  return chains;
}

async function readUnanswered(pool: Pool, chains: Map<string, string[]>): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ person: string; version: number; count: number }>(UNANSWERED);
  return new Map(
    rows.flatMap(({ person, version, count }) => {
      const sent = chains.get(person)?.[version - FIRST_VERSION];
      return sent ? [[sent, count] as const] : [];
    }),
  );
}
