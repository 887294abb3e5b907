import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { transformFile } from '@swc/core';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backend, until } from '../support/backend.js';
import { Receiver } from '../support/receiver.js';
import { freePorts } from '../support/free-ports.js';
import { session } from '../support/service.js';

const SCOPES = ['webhooks:write', 'accounts:read', 'accounts:write', 'oauth:write', 'apps:read', 'apps:write'];
let backend: Backend;
let home: string;
let programs: Record<string, [program: string, file: string]>;
const running: ChildProcess[] = [];
let receiver: Receiver | undefined;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session(), { scopes: SCOPES });
  await backend.app('x');
  home = await mkdtemp(join(tmpdir(), 'evergrant-receivers-'));
  const { code } = await transformFile('examples/webhooks.ts', {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  await writeFile(join(home, 'webhooks.mjs'), code);
  programs = { ts: [process.execPath, join(home, 'webhooks.mjs')], py: ['python3', 'examples/webhooks.py'] };
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  receiver?.close();
  // A pause of one is an event for the others.
  const { body } = await backend.get('/v1/webhooks');
  for (const { id } of body as { id: string }[]) await backend.delete(`/v1/webhooks/${id}`);
});
afterAll(() => rm(home, { recursive: true }));

/** Starts the receiver of a language; returns what it has printed. */
async function start(language: string, port: number, secret: string): Promise<() => string[]> {
  const [program, file] = programs[language]!;
  const env = { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: String(port) };
  const child = spawn(program, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const lines = (): string[] => output.trim().split('\n').slice(1);
  await until(
    () => Promise.resolve(output),
    (text) => text.includes('listening'),
  );
  return lines;
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.each(['ts', 'py'])('the receiver in docs/webhooks.md, in %s', (language) => {
  const itRuns = language === 'py' && !hasPython ? it.skip : it;

  itRuns('accepts what is signed with its secret, takes an event once, and recognises a replayed one', async () => {
    const { port } = await freePorts();
    const url = `http://127.0.0.1:${port}/`;
    const { body } = await backend.post('/v1/webhooks', { url, events: ['*'] });
    const { id, signing_secret: secret } = body as { id: string; signing_secret: string };
    const lines = await start(language, port, secret);
    const { id: account } = await backend.connect('x', 'happy');
    await backend.delete(`/v1/accounts/${account}`);
    const shown = (kind: string): string[] => [
      `${kind} account.connected ${account} 1`,
      `${kind} account.disconnected ${account} 2`,
    ];
    await until(
      () => Promise.resolve(lines()),
      (all) => all.length === 2,
    );
    expect(lines()).toEqual(shown('new'));
    await until(
      () => backend.get(`/v1/webhooks/${id}/deliveries?status=succeeded`),
      ({ body: page }) => (page as { items: object[] }).items.length === 2,
    );
    await backend.post(`/v1/webhooks/${id}/replay`, { since: '2020-01-01T00:00:00Z' });
    await until(
      () => Promise.resolve(lines()),
      (all) => all.length === 4,
    );
    expect(lines().slice(2)).toEqual(shown('known'));
    await backend.delete(`/v1/webhooks/${id}`);
  });

  itRuns('refuses what is signed with another secret', async () => {
    const { port } = await freePorts();
    const lines = await start(language, port, `whsec_${Buffer.from('another secret').toString('base64')}`);
    const { body } = await backend.post('/v1/webhooks', { url: `http://127.0.0.1:${port}/`, events: ['*'] });
    const { id } = body as { id: string };
    expect((await backend.post(`/v1/webhooks/${id}/test`)).body).toMatchObject({ status_code: 401 });
    expect(lines()).toEqual([]);
    await backend.delete(`/v1/webhooks/${id}`);
  });
});

describe('a webhook that fails', () => {
  it('is paused, resumes when its receiver works again, and misses nothing', async () => {
    const opened = await Receiver.open();
    receiver = opened;
    const make = async (path: string, events: string[]): Promise<string> =>
      ((await backend.post('/v1/webhooks', { url: opened.url(path), events })).body as { id: string }).id;
    const [path, id] = ['/fails', await make('/fails', ['*'])];
    await make('/others', ['webhook.paused', 'webhook.resumed']);
    opened.answers.set(path, (response) => response.writeHead(500).end('no'));
    const accounts: string[] = [];
    for (const persona of ['happy', 'paula', 'mei', 'omar', 'happy', 'paula']) {
      const account = await backend.connect('x', persona);
      await backend.delete(`/v1/accounts/${account.id}`);
      accounts.push(account.id);
    }
    await until(
      () => backend.get(`/v1/webhooks/${id}`),
      ({ body }) => (body as { status: string }).status === 'paused',
    );
    opened.answers.delete(path);
    await until(
      () => backend.get(`/v1/webhooks/${id}`),
      ({ body }) => (body as { status: string }).status === 'active',
    );
    await until(
      () => backend.get(`/v1/webhooks/${id}/deliveries?status=succeeded`),
      ({ body }) => (body as { items: object[] }).items.length === 12,
    );
    const about = await opened.until('/others', 2);
    expect(about.map(({ event }) => [event.type, event.data.webhook_id])).toEqual([
      ['webhook.paused', id],
      ['webhook.resumed', id],
    ]);
    expect(new Set(opened.at(path).map(({ event }) => event.account_id))).toEqual(new Set(accounts));
  });
});
