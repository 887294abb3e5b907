import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { createLogger } from '#observability';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { type HttpProxy, openHttpProxy } from '../../../../test/support/http-proxy.js';

const LIMIT = 3;
/** From here the trusted proxy calls. */
const PROXY = '127.0.0.2';

const logger = createLogger({ app: 'test', level: 'silent' });
const info = jest.spyOn(logger, 'info');

let api: TestApi;
let proxy: HttpProxy;
let pool: pg.Pool;

beforeAll(async () => {
  api = await openTestApi(
    { PUBLIC_REQUESTS_PER_MINUTE: String(LIMIT), TRUSTED_PROXIES: `192.0.2.0/24, ${PROXY}` },
    logger,
  );
  proxy = await openHttpProxy(api.url, PROXY);
  pool = new pg.Pool({ connectionString: api.database.url });
});
afterAll(async () => {
  proxy.close();
  await pool.end();
  await api.close();
});

/** Each test is a client with an address of its own. */
let clients = 0;
let client: string;
beforeEach(() => {
  clients += 1;
  client = `127.0.1.${clients}`;
  info.mockClear();
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}
interface RequestOptions {
  from?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
}

async function send(
  url: string,
  { from = client, method = 'GET', headers = {} }: RequestOptions = {},
): Promise<Answer> {
  const sent = request(url, { method, headers, localAddress: from, agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

const through = (path: string, options?: RequestOptions): Promise<Answer> => send(`${proxy.url}${path}`, options);

async function useUp(send: () => Promise<Answer> = () => through('/connected')): Promise<void> {
  for (let call = 0; call < LIMIT; call += 1) expect((await send()).status).not.toBe(429);
  expect((await send()).status).toBe(429);
}

/** The clients of the last lines of the access log. */
const logged = (): unknown[] =>
  info.mock.calls
    .filter(([, message]) => message === 'request.answered')
    .map(([line]) => (line as { client?: unknown }).client);

describe('a limit by client address', () => {
  it('is in the headers of every response without a credential', async () => {
    const { headers } = await through('/connected');
    expect(headers['ratelimit-policy']).toBe(`"public";q=${LIMIT};w=60`);
    expect(headers.ratelimit).toMatch(/^"public";r=2;t=(60|5\d)$/);
  });

  it('counts all public routes together, but no health check and no valid credential', async () => {
    expect((await through('/v1/callbacks/tiktok', { method: 'POST' })).status).toBe(401);
    expect((await through('/v1/oauth/x/callback?state=a')).status).toBe(400);
    expect((await through('/nowhere')).status).toBe(404);
    const over = await through('/v1/callbacks/tiktok', { method: 'POST' });
    expect([over.status, JSON.parse(over.body)]).toEqual([
      429,
      expect.objectContaining({ code: 'rate_limit.exceeded', status: 429 }),
    ]);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    const paths = [
      '/connected',
      '/v1/oauth/x/callback?state=a',
      '/data-deletion/x',
      '/docs',
      '/v1/openapi.json',
      '/nowhere',
      '/v1/callbacks/x/oa_a?crc_token=a',
    ];
    for (const path of paths) expect([path, (await through(path)).status]).toEqual([path, 429]);
    for (let call = 0; call < 2 * LIMIT; call += 1) expect((await through('/health/live')).status).toBe(200);
    expect((await through('/health/ready')).status).toBe(200);
    const authorization = `Bearer ${await api.key()}`;
    expect((await through('/v1/accounts', { headers: { authorization } })).status).toBe(200);
  });

  it('is not lifted by a credential on a route that requires none', async () => {
    const authorization = `Bearer ${await api.key()}`;
    await useUp(() => through('/connected', { headers: { authorization } }));
  });

  it('costs no query once it is exceeded', async () => {
    await useUp();
    const points = async (): Promise<unknown> =>
      (await pool.query('select points from rate_limits where key = $1', [`address:${client}:public`])).rows;
    const before = await points();
    expect((await through('/connected')).status).toBe(429);
    expect([before, await points()]).toEqual([[{ points: LIMIT + 1 }], before]);
  });

  it('counts each client behind a trusted proxy separately, as in the access log', async () => {
    await useUp();
    expect(logged().at(-1)).toBe(client);
    const other = '127.0.1.200';
    expect((await through('/connected', { from: other })).status).toBe(200);
    expect(logged().at(-1)).toBe(other);
  });

  it('counts what the trusted proxy saw, not what the client wrote before it', async () => {
    let claims = 0;
    await useUp(() => through('/connected', { headers: { 'x-forwarded-for': `198.51.100.${(claims += 1)}` } }));
    expect(new Set(logged())).toEqual(new Set([client]));
  });

  it('counts the last of several X-Forwarded-For headers, and none of Forwarded and its relatives', async () => {
    let claims = 0;
    const claim = (): string => `198.51.100.${(claims += 1)}`;
    await useUp(() =>
      send(`${api.url}/connected`, {
        from: PROXY,
        headers: {
          'x-forwarded-for': [claim(), `"${claim()}", unknown`, `${client}:4711`],
          forwarded: `for=${claim()}`,
          'x-real-ip': claim(),
          'x-client-ip': claim(),
          'cf-connecting-ip': claim(),
          'true-client-ip': claim(),
        },
      }),
    );
    expect(new Set(logged())).toEqual(new Set([client]));
  });

  it('counts a peer that is no trusted proxy as itself, whatever it claims', async () => {
    let claims = 0;
    await useUp(() =>
      send(`${api.url}/connected`, {
        headers: { 'x-forwarded-for': `198.51.100.${(claims += 1)}`, forwarded: 'for=198.51.100.1' },
      }),
    );
    expect(new Set(logged())).toEqual(new Set([client]));
  });

  it("counts the /64 of an IPv6 client, and not its neighbour's", async () => {
    let host = 0;
    // The trusted proxy itself sends this, for a client whose address no test machine has.
    const sendFrom = (network: string): Promise<Answer> =>
      send(`${api.url}/connected`, {
        from: PROXY,
        headers: { 'x-forwarded-for': `2001:db8:0:${network}::${(host += 1)}` },
      });
    await useUp(() => sendFrom('a'));
    expect((await sendFrom('b')).status).toBe(200);
  });
});
