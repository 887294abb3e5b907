import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CommandOutput, type AppProcess } from '../../../../test/support/app-process.js';
import { ComposeProcesses, wordsOf } from '../../../../test/support/compose.js';
import { freePorts } from '../../../../test/support/free-ports.js';
import { type OpenedDatabase, openEmptyDatabase } from '../../../../test/support/open-database.js';

let opened: OpenedDatabase;
let processes: ComposeProcesses;

/** The command of the README's section "Production", without `docker compose run` and its options. */
const [, documented] = /^KEY=\$\(docker compose run --rm -T migrate (.+)\)$/m.exec(readFileSync('README.md', 'utf8'))!;
const command = wordsOf(documented!);
const [entry = ''] = command;

const create = (...options: string[]): Promise<CommandOutput> =>
  processes.run('migrate', [entry, 'keys', 'create', ...options]);

/** Exit code, stdout and stderr of a command that fails. */
const failureOf = (running: Promise<CommandOutput>): Promise<{ code: number; stdout: string; stderr: string }> =>
  running.then(
    () => {
      throw new Error('the command succeeded');
    },
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );

const rowsOf = async (table: string): Promise<Record<string, unknown>[]> =>
  (await opened.database.pool.query<Record<string, unknown>>(`select * from ${table}`)).rows;

beforeAll(async () => {
  opened = await openEmptyDatabase();
  processes = new ComposeProcesses(opened.url);
});

afterAll(async () => {
  processes.remove();
  await opened.close();
});

it('the command for the first key requires the migration on an empty database', async () => {
  const { code, stdout, stderr } = await failureOf(processes.run('migrate', command));
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('run the command "migrate" first');
});

describe('on a migrated database, the keys command', () => {
  let api: AppProcess;
  let url: string;

  const call = (path: string, key: string): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });

  beforeAll(async () => {
    await processes.run('migrate');
    const { port } = await freePorts();
    url = `http://127.0.0.1:${port}`;
    api = await processes.start('api', port);
  });

  afterAll(() => api.stop());

  it('prints a live key that works at a running API without a dashboard token, and stores only its SHA-256', async () => {
    const { stdout, log } = await processes.run('migrate', command);
    expect(stdout).toMatch(/^dra_live_[0-9A-Za-z]{49}\n$/);
    const key = stdout.trim();
    expect((await call('/v1/oauth-apps', key)).status).toBe(200);

    const [row] = await rowsOf('api_keys');
    expect(row).toMatchObject({
      environment: 'live',
      key_hash: createHash('sha256').update(key).digest(),
      key_prefix: key.slice(0, 13),
      created_by: null,
    });
    const random = key.slice(13);
    expect(JSON.stringify(row)).not.toContain(random);
    expect(log).toContain('"msg":"api_key.created"');
    expect(log).not.toContain(random);
    expect(api.log).not.toContain(random);
  });

  it('makes a second key of the same workspace with the environment and the scopes that its options name', async () => {
    const options = ['--workspace', 'acme', '--name', ' CI ', '--environment', 'test'];
    const { stdout } = await create(...options, '--scopes', 'keys:write, accounts:read,keys:write');
    const key = stdout.trim();
    expect(key).toMatch(/^dra_test_/);
    expect(await (await call('/v1/api-keys', key)).json()).toEqual([
      expect.objectContaining({ name: 'CI', environment: 'test', scopes: ['keys:write', 'accounts:read'] }),
    ]);
    expect((await call('/v1/oauth-apps', key)).status).toBe(403);
    expect(await rowsOf('workspaces')).toEqual([expect.objectContaining({ name: 'acme' })]);
  });

  it('refuses a misspelt workspace with the one that was probably meant, and makes a new one only with --create-workspace', async () => {
    const { code, stdout, stderr } = await failureOf(create('--workspace', 'acne', '--name', 'n'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      'error: There is no workspace "acne". Did you mean "acme"? There are "acme". Add --create-workspace to make a new one.',
    );
    expect(await rowsOf('workspaces')).toEqual([expect.objectContaining({ name: 'acme' })]);

    const { stdout: key } = await create('--workspace', 'acne', '--create-workspace', '--name', 'n');
    expect(key).toMatch(/^dra_live_/);
    expect(await rowsOf('workspaces')).toHaveLength(2);
  });
});
