import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { parse } from 'yaml';
import { readApiConfig } from '#config';
import { type Logger, Secret } from '#observability';
import { FakeExchange } from '../../../../test/support/fake-exchange.js';
import { connectExchanger, type Exchanger } from '#tokens';
import { ExchangeServer, type ExchangeServerOptions } from './exchange-server.js';

const CANARY = 'a-code-that-must-not-appear';
const grantId = randomUUID();
const revocationId = randomUUID();

let home: string;
let path: string;
let logged: string;
let logger: Logger;
let fake: FakeExchange;
let client: Exchanger;
let servers: ExchangeServer[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'exchanger-'));
  path = join(home, 'run', 'exchanger.sock');
  logged = '';
  const note = (...line: unknown[]): void => {
    logged += inspect(line, { depth: 9, showHidden: true });
  };
  logger = { info: note, warn: note, error: note } as unknown as Logger;
  fake = new FakeExchange();
  client = connectExchanger(path, logger);
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.drain();
  await rm(home, { recursive: true, force: true });
});

async function serve(options: Partial<ExchangeServerOptions> = {}): Promise<ExchangeServer> {
  const journal = (): { journalWritable: boolean; journalLasts: boolean } => ({
    journalWritable: true,
    journalLasts: true,
  });
  const server = new ExchangeServer({ exchange: fake, logger, inFlight: 1_000, journal, ...options });
  await server.listen(path);
  servers.push(server);
  return server;
}

/** Until the server holds as many calls. */
async function taken(calls: number): Promise<void> {
  while ((await connectExchanger(path, logger).health()).inProgress < calls) await pause(10);
}

const ABORTED = 'aborted';

/** The answer of the server to one line. */
async function send(line: string): Promise<unknown> {
  const caller = connect(path);
  caller.on('error', () => undefined);
  caller.write(`${line}\n`);
  return new Promise((resolve) => {
    caller
      .once('close', () => {
        resolve(ABORTED);
      })
      .once('data', (data) => {
        resolve(JSON.parse(String(data)));
        caller.destroy();
      });
  });
}

describe('a call over the socket', () => {
  it('comes as it was made, with its secrets closed, and its outcome goes back as it is', async () => {
    await serve();
    fake.answers.refresh = { kind: 'unavailable', retryAfter: 7 };
    fake.answers.code = {
      kind: 'refused',
      failure: { class: 'app', reason: 'app_misconfigured', code: 'invalid_client', retryAfter: 3 },
    };
    expect(await client.refresh(grantId, { forced: true, maxWait: 65_000 })).toEqual(fake.answers.refresh);
    expect(fake.refreshes).toEqual([{ grantId, options: { forced: true, maxWait: 65_000 } }]);
    const attemptId = randomUUID();
    expect(await client.exchangeCode(attemptId, new Secret(CANARY))).toEqual(fake.answers.code);
    expect([fake.codes[0]!.attemptId, fake.codes[0]!.code.reveal()]).toEqual([attemptId, CANARY]);
    expect(await client.revoke(revocationId)).toBe(true);
    expect(fake.revocations).toEqual([revocationId]);
  });

  it('is one of five hundred at the same time', async () => {
    await serve();
    const release = fake.hold();
    const calls = Array.from({ length: 500 }, () => client.refresh(grantId));
    await taken(500);
    release();
    expect(await Promise.all(calls)).toEqual(Array(500).fill({ kind: 'refreshed' }));
  });

  it('is carried out to its end when its caller ends', async () => {
    await serve();
    const release = fake.hold();
    const caller = connect(path);
    caller.write(`${callTo('refresh', { grantId, forced: false, patience: 0 })}\n`);
    await taken(1);
    const closed = new Promise((settle) => caller.once('close', settle));
    caller.destroy();
    await closed;
    release();
    while (fake.ended < 1) await pause(10);
    expect(await client.refresh(grantId)).toEqual({ kind: 'refreshed' });
  });

  it('reports a failure of the exchange without its message, and logs which call it was', async () => {
    fake.fails = true;
    await serve();
    await expect(client.exchangeCode(randomUUID(), new Secret(CANARY))).rejects.toThrow(
      'the exchanger replied failed to exchange-code',
    );
    expect(await client.refresh(grantId)).toMatchObject({ kind: 'unavailable' });
    expect(logged).toMatch(/why[^]*call: 'exchange-code'/);
  });

  it('does not accept an unknown outcome', async () => {
    await serve();
    fake.answers.code = { kind: 'of another version' } as never;
    await expect(client.exchangeCode(randomUUID(), new Secret(CANARY))).rejects.toThrow();
  });
});

describe('an unavailable exchanger', () => {
  it('is waited for, and called when it comes', async () => {
    const refreshed = client.refresh(grantId);
    await pause(200);
    await serve();
    expect(await refreshed).toEqual({ kind: 'refreshed' });
    expect(fake.refreshes).toHaveLength(1);
  });

  it("is not waited for longer than the caller's limit", async () => {
    expect(await client.refresh(grantId, { maxWait: 200 })).toEqual({ kind: 'unavailable', retryAfter: 15 });
    expect(logged).toContain('no exchanger took the call in time');
  });

  it.each(['refresh', 'exchangeCode'] as const)(
    'a call whose exchanger ends is repeated when it is back: %s',
    async (call) => {
      const doomed = await startDoomed();
      const answer = {
        refresh: () => client.refresh(grantId),
        exchangeCode: () => client.exchangeCode(randomUUID(), new Secret(CANARY)),
      }[call]();
      await doomed.gone;
      await serve();
      expect(await answer).toEqual({ refresh: { kind: 'refreshed' }, exchangeCode: { kind: 'exchanged' } }[call]);
    },
  );

  it('is not waited for by a revocation, which is stored: the exchanger finds it when it is back', async () => {
    expect(await client.revoke(revocationId)).toBe(false);
    const doomed = await startDoomed();
    expect(await client.revoke(revocationId)).toBe(false);
    await doomed.gone;
    expect(logged).toMatch(/revocation: '[^]*revocation\.left_to_exchanger/);
    expect(fake.revocations).toEqual([]);
  });

  it('that interrupts every call is given up, and a code that it may have accepted does not count as unsent', async () => {
    const server = createServer(abort);
    await listen(server);
    await expect(client.exchangeCode(randomUUID(), new Secret(CANARY))).rejects.toThrow(
      'the exchanger interrupted the call',
    );
    server.close();
  });
});

/** Ends with a call, after it was made. */
function abort(caller: Socket): void {
  caller.on('data', () => caller.destroy());
}

/** An exchanger that ends with its first call. */
async function startDoomed(): Promise<{ gone: Promise<unknown> }> {
  const server = createServer((caller) => {
    abort(caller);
    server.close();
  });
  await listen(server);
  return { gone: once(server, 'close') };
}

async function listen(server: Server): Promise<void> {
  await mkdir(dirname(path), { mode: 0o700 });
  server.listen(path);
  await once(server, 'listening');
}

describe('an exchanger that is stopped', () => {
  it('takes no more calls, ends those it has, and the others wait for the next one', async () => {
    const first = await serve();
    const release = fake.hold();
    const running = client.refresh(grantId);
    await taken(1);
    const drained = first.drain();
    expect((await connectExchanger(path, logger).health()).status).toBe('draining');
    const later = client.refresh(grantId);
    await pause(100);
    expect(fake.refreshes).toHaveLength(1);
    release();
    expect(await running).toEqual({ kind: 'refreshed' });
    await drained;
    await serve();
    expect(await later).toEqual({ kind: 'refreshed' });
    expect(fake.refreshes).toHaveLength(2);
  });
});

describe('an exchanger that has enough to do', () => {
  it('reports that at once, and no caller waits', async () => {
    await serve({ inFlight: 1 });
    const release = fake.hold();
    const running = client.refresh(grantId);
    await taken(1);
    expect(await client.refresh(grantId, { maxWait: 60_000 })).toMatchObject({ kind: 'unavailable' });
    expect(await client.exchangeCode(randomUUID(), new Secret(CANARY))).toEqual({ kind: 'unreachable' });
    release();
    expect(await running).toEqual({ kind: 'refreshed' });
    expect(await client.refresh(grantId)).toEqual({ kind: 'refreshed' });
  });
});

describe('the socket', () => {
  it('is for processes of the same user alone', async () => {
    await serve();
    expect([(await stat(path)).mode & 0o777, (await stat(dirname(path))).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('the socket of an ended process is taken over, that of a running one is not', async () => {
    const doomed = fork();
    await doomed.listening;
    doomed.child.kill('SIGKILL');
    await once(doomed.child, 'exit');
    expect(await readdir(dirname(path))).toEqual(['exchanger.sock']);
    await serve();
    await expect(serve()).rejects.toThrow(`another process listens at ${path}`);
    expect(await client.refresh(grantId)).toEqual({ kind: 'refreshed' });
  });

  it('a socket in a folder that others may enter is neither opened nor used', async () => {
    await mkdir(dirname(path));
    await chmod(dirname(path), 0o755);
    await expect(serve()).rejects.toThrow('open to other users: it must have the mode 0700');
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(await client.refresh(grantId, { maxWait: 1 })).toMatchObject({ kind: 'unavailable' });
    server.close();
    expect(logged).toContain('open to other users');
  });

  it('the socket of an installation with a long path works', async () => {
    const env = { EVERGRANT_HOME: join(home, 'x'.repeat(150)), DATABASE_URL: 'postgres://h/d', MASTER_KEYS: 'k1:' };
    path = readApiConfig(env).exchangerSocket;
    client = connectExchanger(path, logger);
    await serve();
    expect(await client.refresh(grantId)).toEqual({ kind: 'refreshed' });
    await rm(dirname(path), { recursive: true });
  });
});

const callTo = (call: string, input: object): string => JSON.stringify({ id: 1, call, input });

describe('what is no call', () => {
  beforeEach(() => serve());

  const attemptId = randomUUID();
  const refused = { id: 1, error: 'invalid' };

  it.each([
    ['nothing', 'null', { id: null, error: 'invalid' }],
    ['no JSON', '{', { id: null, error: 'invalid' }],
    ['no call', JSON.stringify({ id: 'one' }), { id: null, error: 'invalid' }],
    ['a field that is missing', callTo('refresh', {}), refused],
    ['a field of another type', callTo('refresh', { grantId, forced: 1, patience: 0 }), refused],
    ['an id that is none', callTo('exchange-code', { attemptId: '1', code: CANARY }), refused],
    ['another call', callTo('tokens', {}), refused],
    ['a line without end', callTo('exchange-code', { attemptId, code: CANARY.repeat(100_000) }), ABORTED],
  ])('is refused before the exchange: %s', async (_what, line, answer) => {
    expect(await send(line)).toEqual(answer);
    expect([fake.refreshes, fake.codes, fake.revocations]).toEqual([[], [], []]);
    expect(logged).not.toContain(CANARY);
  });

  it('does not keep the line after it from being one', async () => {
    const caller = connect(path);
    caller.write(`{\n${callTo('refresh', { grantId, forced: true, patience: 0 })}\n`);
    let received = '';
    while (!received.includes('refreshed')) received += String(((await once(caller, 'data')) as [Buffer])[0]);
    caller.destroy();
  });
});

describe('secrets on their way', () => {
  it('logs no code and no token, and puts none into an error', async () => {
    const errors: unknown[] = [];
    const send = (): Promise<unknown> =>
      client.exchangeCode(randomUUID(), new Secret(CANARY)).catch((error: unknown) => errors.push(error));
    fake.fails = true;
    await serve();
    await send();
    await servers.pop()!.drain();
    await rm(dirname(path), { recursive: true });
    const breaking = createServer(abort);
    await listen(breaking);
    await send();
    breaking.close();
    expect(errors).toHaveLength(2);
    expect(logged + inspect(errors, { depth: 9, showHidden: true })).not.toContain(CANARY);
  }, 60_000);
});

describe('the health check of docker-compose.yml', () => {
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
    services: { exchanger: { healthcheck: { test: string[] } } };
  };
  const [, program, ...options] = services.exchanger.healthcheck.test;
  const check = async (): Promise<unknown> =>
    (await once(spawn(program!, options, { env: { ...process.env, EXCHANGER_SOCKET: path } }), 'exit'))[0];

  it('distinguishes an exchanger that answers from one that does not', async () => {
    expect(await check()).toBe(1);
    await serve();
    expect(await check()).toBe(0);
  });
});

describe('the numbers', () => {
  it('serves the metrics of the process', async () => {
    await serve({ metrics: () => Promise.resolve('exchanges_total 1\n') });
    expect(await connectExchanger(path, logger).metrics()).toBe('exchanges_total 1\n');
  });
});

/** Another process that listens at the path. */
function fork(): { child: ChildProcess; listening: Promise<unknown> } {
  const program = `require('node:fs').mkdirSync(${JSON.stringify(dirname(path))}, { mode: 0o700 });
    require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'));`;
  const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, listening: once(child.stdout, 'data') };
}
