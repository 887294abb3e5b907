import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { type Environment, recordEvent, transaction, type Tx } from '#persistence';
import { Vault } from '#tokens';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

// The usual design, as a control: lock the row, call the platform, update the row. It holds its lock and its transaction
// over the call, so two workers never send one token, and a worker or a database that stops in between loses the pair.

interface Due {
  id: string;
  workspaceId: string;
  environment: Environment;
  accountId: string;
}

interface Answer {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

const {
  DATABASE_URL,
  MASTER_KEYS = '',
  TOKEN_ENDPOINT = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  WORKER_CONCURRENCY,
} = process.env;

const LOCK = `
  select grants.id, grants.workspace_id as "workspaceId", grants.environment,
    (select accounts.id from accounts where grant_id = grants.id) as "accountId"
  from grants where refresh_state = 'idle' and refresh_due_at <= db_now()
  order by refresh_due_at limit 1 for update skip locked`;

const STORE = `
  update grants set token_version = token_version + 1, issued_at = db_now(), last_refreshed_at = db_now(),
    access_expires_at = db_now() + make_interval(secs => $2), refresh_due_at = db_now() + make_interval(secs => $2 * 0.8)
  where id = $1 returning token_version as version`;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, connectionTimeoutMillis: 3_000 });
pool.on('error', () => undefined);
const vault = new Vault(new Keyring(new Secret(MASTER_KEYS)));

process.once('disconnect', () => process.exit(0));
for (let lane = 0; lane < Number(WORKER_CONCURRENCY); lane += 1) void work();
process.send?.('ready');

async function work(): Promise<never> {
  for (;;) {
    const found = await transaction(pool, refreshOne).catch(() => false);
    if (!found) await sleep(100);
  }
}

async function refreshOne(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<Due & pg.QueryResultRow>(LOCK);
  const [due] = rows;
  if (!due) return false;
  const tokens = await vault.openGrantTokens(tx, due);
  const answer = tokens?.refresh && (await call(tokens.refresh));
  if (answer) await store(tx, due, answer);
  else await giveUp(tx, due);
  return true;
}

/** Undefined: the platform refuses the token. Any other failure ends the transaction, and it is tried again. */
async function call(token: Secret): Promise<Answer | undefined> {
  const response = await fetch(TOKEN_ENDPOINT, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.reveal() }),
  });
  const body = await response.text();
  if (response.ok) return JSON.parse(body) as Answer;
  if (response.status === 400) return undefined;
  throw new Error(`the platform answered ${response.status}`);
}

async function store(tx: Tx, due: Due, answer: Answer): Promise<void> {
  const { rows } = await tx.query<{ version: string }>(STORE, [due.id, answer.expires_in]);
  const pair = { access: new Secret(answer.access_token), refresh: new Secret(answer.refresh_token), previous: null };
  await vault.sealGrantTokens(tx, due, rows[0]?.version ?? '', pair);
  await recordEvent(tx, { ...due, type: 'account.refreshed' });
}

async function giveUp(tx: Tx, { id }: Due): Promise<void> {
  await tx.query(`update grants set refresh_state = 'ended', refresh_due_at = null where id = $1`, [id]);
  await tx.query(`update accounts set health = 'needs_reauth', health_reason = 'token_revoked' where grant_id = $1`, [
    id,
  ]);
}
