import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformFile } from '@swc/core';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backend, until } from '../support/backend.js';
import { signDashboardToken } from '../support/dashboard-token.js';
import { ProjectsCustomer, RETURN_URL } from '../support/projects-customer.js';
import { session } from '../support/service.js';

let customer: ProjectsCustomer;
let project: string;
let home: string;
/** The same customer, with the scope for leases. */
let lessee: Backend;
/** With an app of its own, and the role. */
let operator: Backend;
/** The program and the file of each language. */
let programs: Record<string, [string, string]>;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  project = await customer.project();
  const workspace = `${customer.workspace}-operators`;
  await (await Backend.ofCustomer(session(), workspace)).app('x');
  operator = new Backend(session(), await signDashboardToken(session().home, workspace, ['operator']));
  lessee = await customer.withKey({ scopes: ['accounts:read', 'leases:write'] });
  home = await mkdtemp(join(tmpdir(), 'evergrant-samples-'));
  const { code } = await transformFile('examples/projects.ts', {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  await writeFile(join(home, 'projects.mjs'), code);
  programs = { ts: [process.execPath, join(home, 'projects.mjs')], py: ['python3', 'examples/projects.py'] };
});
afterAll(async () => {
  await customer.close();
  await rm(home, { recursive: true });
});

interface Run {
  output: () => string;
  ended: Promise<number | null>;
}

const OPERATOR_COMMANDS = ['add', 'prepare', 'assign'];
const LESSEE_COMMANDS = ['lease', 'release'];

function start(language: string, ...args: string[]): Run {
  const [program, file] = programs[language]!;
  const env = {
    ...{ PATH: process.env.PATH, EVERGRANT_KEY: customer.backend.key, EVERGRANT_URL: session().apiUrl },
    ...{ EVERGRANT_PROJECT: project, RETURN_URL },
    ...(LESSEE_COMMANDS.includes(args[0]!) && { EVERGRANT_KEY: lessee.key }),
    ...(OPERATOR_COMMANDS.includes(args[0]!) && { EVERGRANT_KEY: operator.key, EVERGRANT_ENVIRONMENT: 'test' }),
  };
  const child = spawn(program, [file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return { output: () => output, ended: new Promise((resolve) => child.on('close', resolve)) };
}

async function run(language: string, ...args: string[]): Promise<[number | null, string]> {
  const { ended, output } = start(language, ...args);
  return [await ended, output().trim()];
}

/** Runs a command that prints an address, which a person opens and consents at. */
async function runWithPerson(language: string, persona: string, ...args: string[]): Promise<string> {
  const { ended, output } = start(language, ...args);
  const opened = await until(
    () => Promise.resolve(/^open (\S+)$/m.exec(output())?.[1]),
    (url) => url !== undefined,
  );
  expect(await customer.consent(opened!, persona)).toMatch(/^https:\/\/app\.example\.com\/connected/);
  const code = await ended;
  return `${code} ${output().trim().split('\n').at(-1)}`;
}

describe.each(['ts', 'py'])('examples/projects.%s', (language) => {
  it('connects an account, reads its health, reauthorizes it under the same id, and revokes it', async () => {
    const connected = await runWithPerson(language, 'happy', 'connect', 'x');
    const [, account = ''] = /^0 connected (sa_\w{26})$/.exec(connected) ?? [];
    expect(connected).toBe(`0 connected ${account}`);
    expect(await run(language, 'health', account)).toEqual([0, 'connected, recommendation none']);
    expect(await runWithPerson(language, 'happy', 'reauthorize', account)).toBe(`0 connected ${account}`);
    expect(await run(language, 'revoke', account)).toEqual([0, 'disconnected']);
    const [code, text] = await run(language, 'revoke', account);
    expect([code, text]).toEqual([1, expect.stringMatching(/NOT_FOUND \(req_\w+\): There is no such account\./)]);
  });

  it('adds an account to the pool, leases it to a project, and releases it', async () => {
    const [, opened = '', pooled = ''] =
      /^open (\S+)\nadded (pool_\w+)$/.exec((await run(language, 'add', 'x'))[1]) ?? [];
    await fetch(await operator.decide(opened, 'paula'));
    expect(await run(language, 'prepare', pooled)).toEqual([0, 'ready']);
    const { ended, output } = start(language, 'lease', 'x');
    const requested = await until(
      () => Promise.resolve(/^requested (\S+)$/m.exec(output())?.[1]),
      (id) => id !== undefined,
    );
    expect(await run(language, 'assign', requested!, pooled)).toEqual([0, 'assigned']);
    expect(await ended).toBe(0);
    const [, leased = ''] = /^leased (sa_\w{26})$/m.exec(output()) ?? [];
    expect(await run(language, 'health', leased)).toEqual([0, 'connected, recommendation none']);
    expect(await run(language, 'release', leased)).toEqual([0, 'disconnected']);
    const headers = { 'x-environment': 'test' };
    expect((await operator.request('DELETE', `/v1/operator/pool/${pooled}`, { headers })).status).toBe(204);
  });

  it('shows the reason of a failed connection', async () => {
    const { ended, output } = start(language, 'connect', 'x');
    const opened = await until(
      () => Promise.resolve(/^open (\S+)$/m.exec(output())?.[1]),
      (url) => url !== undefined,
    );
    await customer.consent(opened!, 'happy', 'deny');
    expect(await ended).toBe(1);
    expect(output()).toContain('access_denied: ');
  });
});
