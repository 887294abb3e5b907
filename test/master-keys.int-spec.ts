import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { type Tenant, transaction } from '#persistence/sql';
import { Vault } from '#tokens';
import { runCommand } from './support/app-process.js';
import { type OpenedDatabase, openMigratedDatabase } from './support/open-database.js';
import { GRANT_VERSION, makeGrant, makeTenant } from './support/rows.js';

const GRANTS = 600;
const [one, two] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [string, string];
const vaultOf = (...keys: string[]): Vault => new Vault(new Keyring(new Secret(keys.join(','))));
/** A process before step 2 of the runbook, and one after it. */
const [before, after] = [vaultOf(one, two), vaultOf(two, one)];

let opened: OpenedDatabase;
let tenant: Tenant;
let env: NodeJS.ProcessEnv;
const grants: string[] = [];

/** As the commit of a refresh does: the tokens, and the version of their grant. */
async function seal(vault: Vault, id: string, refreshes: number): Promise<void> {
  const version = String(Number(GRANT_VERSION) + refreshes);
  const tokens = { access: new Secret(`access of ${id}`), refresh: null, previous: null };
  await transaction(opened.database.pool, async (tx) => {
    await tx.query('update grants set token_version = greatest(token_version, $2) where id = $1', [id, version]);
    await vault.sealGrantTokens(tx, { ...tenant, id }, version, tokens);
  });
}

beforeAll(async () => {
  opened = await openMigratedDatabase();
  const { pool } = opened.database;
  tenant = await makeTenant(pool);
  env = { DATABASE_URL: opened.url, MASTER_KEYS: `${two},${one}`, LOG_LEVEL: 'info' };
  for (let made = 0; made < GRANTS; made += 1) {
    const id = await makeGrant(pool, tenant);
    await seal(before, id, 0);
    grants.push(id);
  }
});
afterAll(() => opened.close());

const remaining = async (): Promise<number> => {
  const sql = `select count(*)::int as rows from grant_tokens where kek_id = 'k1'`;
  return (await opened.database.pool.query<{ rows: number }>(sql)).rows[0]!.rows;
};

/** Runs `keys rotate`, and kills it after it has reported a number of batches. */
async function killAfter(batches: number): Promise<void> {
  const args = ['dist/bundle/cli.js', 'keys', 'rotate', '--rows-per-second', '400'];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = once(child, 'exit');
  let log = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    if (log.split('master_keys.rewrapped').length > batches) child.kill('SIGKILL');
  });
  await gone;
}

/** Opens and replaces rows as two processes with different first keys do, until it is stopped. */
function useRows(): () => Promise<number> {
  const end = new AbortController();
  const work = (async () => {
    let used = 0;
    for (let refreshes = 1; !end.signal.aborted; refreshes += 1)
      for (const id of grants.filter(() => Math.random() < 0.1)) {
        const [reader, writer] = refreshes % 2 === 0 ? [before, after] : [after, before];
        const found = await reader.openGrantTokens(opened.database.pool, { ...tenant, id });
        expect(found?.access.reveal()).toBe(`access of ${id}`);
        await seal(writer, id, refreshes);
        used += 1;
      }
    return used;
  })();
  work.catch(() => undefined);
  return () => {
    end.abort();
    return work;
  };
}

it('a rotation that is killed again and again, beside processes that read and replace rows, loses no row and ends', async () => {
  const stop = useRows();
  for (const batches of [1, 2]) {
    await killAfter(batches);
    expect(await remaining()).toBeGreaterThan(0);
  }
  expect(await stop()).toBeGreaterThan(0);
  const { stdout, log } = await runCommand(['keys', 'rotate'], env);
  expect(JSON.parse(stdout)).toMatchObject({ closed: 0, remaining: 0 });
  expect(await remaining()).toBe(0);
  const alone = vaultOf(two);
  for (const id of grants)
    expect((await alone.openGrantTokens(opened.database.pool, { ...tenant, id }))?.access.reveal()).toBe(
      `access of ${id}`,
    );
  for (const key of [one, two]) expect(stdout + log).not.toContain(key.slice(3, 20));
}, 60_000);

it('a row that does not open stays as it is, is named on stderr, and makes the exit code 1', async () => {
  const id = await makeGrant(opened.database.pool, tenant);
  await seal(before, id, 0);
  await opened.database.pool.query('update grant_tokens set version = 9 where grant_id = $1', [id]);
  await expect(runCommand(['keys', 'rotate'], env)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('"closed":1,"remaining":1'),
    stderr: expect.stringContaining(id),
  });
  expect(await remaining()).toBe(1);
  await expect(runCommand(['keys', 'retire', 'k1', '--no-wait'], env)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('1 rows of grant_tokens'),
  });
});

it('the status for people names keys, rows and processes', async () => {
  const { stdout } = await runCommand(['keys', 'status'], env);
  expect(stdout).toContain('key k2 (first): grant_tokens 600');
  expect(stdout).toContain('key k1: grant_tokens 1');
});
