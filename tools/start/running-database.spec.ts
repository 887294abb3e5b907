import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsOfRunningDatabase } from './running-database.mjs';

let home: string;
let server: ChildProcess;

/** A process that looks like the embedded PostgreSQL of that home. */
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'evergrant-home-'));
  mkdirSync(join(home, 'postgres'));
  writeFileSync(join(home, 'postgres.password'), 'secret');
  server = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', join(home, 'postgres')]);
  await once(server.stdout!, 'data');
  writeFileSync(join(home, 'postgres/postmaster.pid'), `${server.pid}\n${home}\n0\n5433\n`);
});

afterEach(() => {
  server.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

const settings = (env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv =>
  settingsOfRunningDatabase({ EVERGRANT_HOME: home, ...env });

describe('a command beside npm start', () => {
  it('gets the address and the master keys of the database that runs in EVERGRANT_HOME', () => {
    expect(settings()).toEqual({
      DATABASE_URL: 'postgres://evergrant:secret@127.0.0.1:5433/evergrant',
      MASTER_KEYS_FILE: join(home, 'master.key'),
    });
    expect(settings({ MASTER_KEYS: 'k2:AAAA' })).not.toHaveProperty('MASTER_KEYS_FILE');
  });

  it('gets the addresses and the test key of that service, where the environment names none', () => {
    const session = { public_url: 'http://a:3620', sandbox_url: 'http://b:3720', test_api_key: 'dra_test_a' };
    writeFileSync(join(home, 'session.json'), JSON.stringify(session));
    const known = { PUBLIC_URL: 'http://a:3620', SANDBOX_URL: 'http://b:3720', SEED_TEST_API_KEY: 'dra_test_a' };
    expect(settings()).toMatchObject(known);
    expect(settings({ PUBLIC_URL: 'https://api.example' })).not.toHaveProperty('PUBLIC_URL');
    writeFileSync(join(home, 'session.json'), '{"public_url":');
    expect(settings()).not.toHaveProperty('PUBLIC_URL');
  });

  it('gets nothing where the environment names a database, in production, and after the server has ended', async () => {
    expect(settings({ DATABASE_URL: 'postgres://other' })).toEqual({});
    expect(settings({ NODE_ENV: 'production' })).toEqual({});
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    expect(settings()).toEqual({});
    expect(settings({ EVERGRANT_HOME: join(home, 'absent') })).toEqual({});
  });
});
