import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { readWorkerConfig, type WorkerConfig } from '#config';
import { migrateQueue, openQueueBackend, type QueueBackend } from '#jobs';
import { createLogger, Metrics, Secret } from '#observability';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { openTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { OperationsServer } from './operations-server.js';
import { WorkerReadiness } from './worker-readiness.js';

const logger = createLogger({ app: 'test', level: 'silent' });
let opened: OpenedDatabase;
let wire: TcpProxy;
let backend: QueueBackend;
let server: OperationsServer | undefined;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  await migrateQueue({ databaseUrl: new Secret(opened.url), logger });
  wire = await openTcpProxy(opened.url);
  backend = openQueueBackend({ databaseUrl: new Secret(wire.url), logger });
});

afterEach(() => {
  server?.onApplicationShutdown();
});

afterAll(async () => {
  await backend.close();
  await wire.cut();
  await opened.close();
});

async function start(
  metrics: Partial<WorkerConfig['metrics']>,
): Promise<(path: string, as?: string) => Promise<[number, string]>> {
  const key = `k1:${Buffer.alloc(32).toString('base64')}`;
  const config = readWorkerConfig({ DATABASE_URL: opened.url, MASTER_KEYS: key });
  const measured = new Metrics({ process: 'worker', sources: ['jobs', 'queue'] });
  const given = { ...config, metrics: { token: undefined, port: 0, ...metrics } };
  server = new OperationsServer(given, measured, new WorkerReadiness(opened.database, backend), logger);
  await server.onApplicationBootstrap();
  const url = `http://127.0.0.1:${server.port}`;
  return async (path, as) => {
    const answer = await fetch(`${url}${path}`, { headers: as ? { authorization: `Bearer ${as}` } : {} });
    return [answer.status, await answer.text()];
  };
}

describe('a worker with a METRICS_PORT', () => {
  it('reports its liveness, its readiness and its metrics', async () => {
    const get = await start({});
    expect(await get('/health/live')).toEqual([200, '{"status":"ok"}']);
    expect(await get('/health/ready')).toEqual([
      200,
      JSON.stringify({
        status: 'ready',
        checks: [
          { name: 'database', ok: true },
          { name: 'queue', ok: true },
        ],
      }),
    ]);
    expect(await get('/metrics')).toEqual([200, expect.stringContaining('# TYPE evergrant_jobs_total counter')]);
    expect((await get('/anything'))[0]).toBe(404);
  });

  it('requires METRICS_TOKEN for its metrics, but not for its health', async () => {
    const get = await start({ token: new Secret('a-token-of-operations') });
    expect((await get('/metrics'))[0]).toBe(401);
    expect((await get('/metrics', 'another-token-of-operations'))[0]).toBe(401);
    expect((await get('/metrics', 'a-token-of-operations'))[0]).toBe(200);
    expect((await get('/health/live'))[0]).toBe(200);
  });

  it('is not ready while its queue is unavailable, and while it closes', async () => {
    const get = await start({});
    await wire.cut();
    expect(await get('/health/ready')).toEqual([
      503,
      expect.stringMatching(/"database","ok":true.*"queue","ok":false,"reason":/),
    ]);
    await wire.mend();
    server?.onModuleDestroy();
    expect(await get('/health/ready')).toEqual([503, expect.stringContaining('is closing')]);
    expect((await get('/health/live'))[0]).toBe(200);
  });

  it('checks the queue for each request of its metrics', async () => {
    const get = await start({});
    const queueUp = async (): Promise<string | undefined> =>
      /^evergrant_queue_up\{.*\} (\d)$/m.exec((await get('/metrics'))[1])?.[1];
    expect(await queueUp()).toBe('1');
    await wire.cut();
    expect(await queueUp()).toBe('0');
    await wire.mend();
    expect(await queueUp()).toBe('1');
  });

  it('answers a malformed request with a problem, and closes', async () => {
    await start({});
    const socket = connect(server?.port ?? 0, '127.0.0.1').end('hello\r\n\r\n');
    expect(await text(socket)).toMatch(
      /^HTTP\/1.1 400 [^]*application\/problem\+json[^]*Connection: close[^]*"code":"request.malformed"/,
    );
  });

  it('does not start on a port that is in use', async () => {
    await start({});
    const first = server;
    await expect(start({ port: first?.port })).rejects.toThrow(/EADDRINUSE/);
    first?.onApplicationShutdown();
  });
});

it('a worker without a METRICS_PORT does not listen', async () => {
  await start({ port: undefined });
  expect(server?.port).toBeUndefined();
});
