import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch, type Launched, processesOf, survivors } from '../support/launch.mjs';

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = (): Promise<Server> =>
  new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      settle(server);
    });
  });
const closed = (server: Server): Promise<void> =>
  new Promise((settle) =>
    server.close(() => {
      settle();
    }),
  );

async function freePorts(): Promise<{ port: number; sandboxPort: number }> {
  const [one, other] = [await listening(), await listening()];
  const ports = { port: portOf(one), sandboxPort: portOf(other) };
  await Promise.all([closed(one), closed(other)]);
  return ports;
}

let home: string;
let launched: Launched | undefined;

async function makeHome(): Promise<void> {
  home = await mkdtemp(join(tmpdir(), 'evergrant-start-'));
}

async function stopAndRemove(): Promise<void> {
  launched?.signal('SIGTERM');
  await launched?.exited;
  launched = undefined;
  await rm(home, { recursive: true, force: true });
}

async function start(ports: { port: number; sandboxPort: number }): Promise<Launched> {
  launched = launch({ home, ...ports });
  await launched.ready();
  return launched;
}

describe('npm start', () => {
  beforeEach(makeHome);
  afterEach(stopAndRemove);

  it('names a taken port and its variable before it starts anything', async () => {
    const taken = await listening();
    const second = launch({ home, port: (await freePorts()).port, sandboxPort: portOf(taken) });
    expect(await second.exited).toBe(1);
    expect(second.output()).toMatch(new RegExp(`Port ${portOf(taken)} is taken.*SANDBOX_PORT=`));
    expect(existsSync(join(home, 'postgres'))).toBe(false);
    await closed(taken);
  });

  it('names the setting in the last line of its output when a process cannot start', async () => {
    await writeFile(join(home, 'file'), '');
    const variables = { JOURNAL_DIR: join(home, 'file') };
    const service = launch({ home, ...(await freePorts()), variables });
    expect(await service.exited).toBe(1);
    expect(service.output().trim().split('\n').at(-1)).toMatch(
      /^exchanger could not start: JOURNAL_DIR cannot be used: EEXIST: file already exists/,
    );
    expect(service.output()).not.toMatch(/^\w+ +at /m);
  }, 60_000);

  it('names a wrong setting that a command finds', async () => {
    const variables = { DATABASE_URL: 'postgres://u:p#ss@db/evergrant' };
    const service = launch({ home, ...(await freePorts()), variables });
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(/\n\nmigrate failed: .*\n {2}- DATABASE_URL: must be a postgres:\/\/ URL; where/);
    expect(service.output()).not.toContain('p#ss');
  }, 60_000);

  it('leaves nothing running after kill -9, and the next start has the data and the key', async () => {
    const ports = await freePorts();
    const first = await start(ports);
    const key = keyIn(first.output());
    const processes = processesOf(home);
    expect(processes).toHaveLength(5);
    first.signal('SIGKILL');
    launched = undefined;

    const next = await start(ports);
    expect(await survivors(processes, 0)).toEqual([]);
    expect(keyIn(next.output())).toBe(key);
    const answer = await fetch(`http://localhost:${ports.port}/v1/accounts`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(200);
  }, 240_000);
});

describe('a running npm start', () => {
  let service: Launched;
  let port: number;

  beforeAll(async () => {
    await makeHome();
    const ports = await freePorts();
    ({ port } = ports);
    service = await start(ports);
  }, 240_000);
  afterAll(stopAndRemove);

  it('refuses a second one for its home, and is not disturbed by it', async () => {
    const second = launch({ home, ...(await freePorts()) });
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`Evergrant is running already on ${home}`);
    expect((await fetch(`http://localhost:${port}/health/live`)).status).toBe(200);
  });

  it('lets npm run seed find its addresses: it changes nothing of a service at other ports', async () => {
    const session = JSON.parse(await readFile(join(home, 'session.json'), 'utf8')) as Record<string, string>;
    const env = { PATH: process.env.PATH, EVERGRANT_HOME: home };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['tools/cli.mjs', 'seed'], { env });
    expect(JSON.parse(stdout)).toEqual({ workspace: 'default', test_api_key: session.test_api_key });
    expect([stderr, session.sandbox_url]).toEqual(['', expect.stringMatching(/^http/)]);
  }, 60_000);

  it('lets npm run keys find its database and its master key', async () => {
    const { DATABASE_URL: _url, MASTER_KEYS: _keys, MASTER_KEYS_FILE: _file, ...rest } = process.env;
    const env = { ...rest, EVERGRANT_HOME: home };
    const { stdout } = await promisify(execFile)(process.execPath, ['tools/cli.mjs', 'keys', 'status'], { env });
    expect(stdout).toMatch(/^key k1 \(first\): /);
    for (const name of ['api', 'exchanger', 'worker'])
      expect(stdout).toMatch(new RegExp(`^running ${name} .*k1$`, 'm'));
  });

  it('stops callers before what they call on SIGTERM, and ends with code 0', async () => {
    const processes = processesOf(home);
    service.signal('SIGTERM');
    launched = undefined;
    expect(await service.exited).toBe(0);
    const stopping = service.output().slice(service.output().indexOf('Stopping'));
    expect(stopping).toMatch(/^api .*closing[^]*^worker .*closing[^]*^exchanger .*closing[^]*^sandbox .*closing/m);
    expect(await survivors(processes, 0)).toEqual([]);
  }, 240_000);
});

function keyIn(output: string): string {
  const [key] = /dra_test_\w+/.exec(output) ?? [];
  if (!key) throw new Error(`no key was printed\n${output}`);
  return key;
}
