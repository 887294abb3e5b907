import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { newId } from '#persistence';
import { Vault } from '#tokens';
import { COLUMNS, TABLES } from './bare-list.mjs';

const KEY = `
  select id, workspace_id, environment, scopes from api_keys
  where key_hash = $1 and revoked_at is null and (expires_at is null or expires_at > db_now())`;
const ACCOUNT = `select ${COLUMNS} from ${TABLES} where account.workspace_id = $1 and account.environment = $2 and account.id = $3`;
const GRANT = 'select grant_id as id, workspace_id as "workspaceId", environment from accounts where id = $1';
const READ = `
  insert into account_events (id, workspace_id, environment, account_id, sequence, type, data)
  values ($1, $2, $3, $4, $5, 'account.token_read', $6)`;
/** Above those of the service. */
let sequence = Date.now() * 1_000;

/** Made at the first token: only this part needs the master key. */
const openVault = () =>
  new Vault(new Keyring(new Secret(readFileSync(join(process.env.EVERGRANT_HOME ?? '', 'master.key'), 'utf8'))));
/** @type {Vault | undefined} */
let vault;

/** The look-up of the key. @param {import('pg').Pool} pool @param {URLSearchParams} query */
async function callerOf(pool, query) {
  const hash = createHash('sha256')
    .update(query.get('key') ?? '')
    .digest();
  const { rows } = await pool.query({ name: 'key', text: KEY, values: [hash] });
  return rows[0];
}

/** @type {import('./bare-list.mjs').Handler} */
async function read(pool, query) {
  const { workspace_id, environment } = await callerOf(pool, query);
  const { rows } = await pool.query({
    name: 'one',
    text: ACCOUNT,
    values: [workspace_id, environment, query.get('id')],
  });
  return rows[0];
}

/** One box, one INSERT. @type {import('./bare-list.mjs').Handler} */
async function token(pool, query) {
  const caller = await callerOf(pool, query);
  const id = query.get('id');
  const { rows } = await pool.query({ name: 'grant', text: GRANT, values: [id] });
  vault ??= openVault();
  const tokens = await vault.openGrantTokens(pool, rows[0]);
  const data = JSON.stringify({ api_key_id: caller.id });
  const values = [newId(), caller.workspace_id, caller.environment, id, (sequence += 1), data];
  await pool.query({ name: 'event', text: READ, values });
  return { access_token: tokens?.access.reveal(), token_type: 'bearer' };
}

/** @type {Record<string, import('./bare-list.mjs').Handler>} */
export const bareOneHandlers = { 'GET /read': read, 'GET /token': token };
