import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, Backend, type Reply, until } from '../support/backend.js';
import { freePorts } from '../support/free-ports.js';
import { launch, type Launched } from '../support/launch.mjs';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';

/** A service of its own, with an endpoint for its traces. */
let home: string;
let receiver: OtlpReceiver;
let launched: Launched;
let backend: Backend;
const clientSecret = `secret-${randomBytes(16).toString('hex')}`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'evergrant-traces-'));
  receiver = await OtlpReceiver.open();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  process.env.OTEL_BSP_SCHEDULE_DELAY = '100';
  if (process.env.REDIS_URL) process.env.REDIS_URL = `${process.env.REDIS_URL.replace(/\/\d*$/, '')}/8`;
  launched = launch({ home, ...(await freePorts()) });
  await launched.ready();
  const written = JSON.parse(await readFile(join(home, 'session.json'), 'utf8')) as Record<string, string>;
  backend = new Backend({ apiUrl: written.api_url!, sandboxUrl: written.sandbox_url!, home }, written.test_api_key!);
  const app = { provider: 'x', name: 'traced', client_id: 'traced-e2e', client_secret: clientSecret, is_default: true };
  expect((await backend.post('/v1/oauth-apps', app)).status).toBe(201);
}, 180_000);

afterAll(async () => {
  await receiver.close();
  await rm(home, { recursive: true, force: true });
});

const newTrace = (): string => randomBytes(16).toString('hex');

/** A request of a caller that records a trace itself. */
const traced = (method: string, url: string, traceId: string): Promise<Reply> =>
  backend.request(method, url.replace(backend.service.apiUrl, ''), {
    headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`, 'x-request-id': `call-${traceId}` },
  });

/** Waits for a span in a trace and for the first of the trace; returns them with those between, the uppermost first. */
async function pathTo(traceId: string, service: string, name: string, first?: string): Promise<ReceivedSpan[]> {
  const inTrace = (): ReceivedSpan[] => receiver.spans.filter((span) => span.traceId === traceId);
  const isMeant = (span: ReceivedSpan): boolean => span.service === service && span.name === name;
  const isFirst = (span: ReceivedSpan): boolean =>
    first === undefined ? 'http.route' in span.attributes : span.name === first;
  await until(() => Promise.resolve(inTrace().some(isMeant) && inTrace().some(isFirst)), Boolean);
  const path = [];
  for (let span = inTrace().find(isMeant); span; span = parentOf(span, inTrace())) path.unshift(span);
  return path;
}

const parentOf = ({ parentSpanId }: ReceivedSpan, spans: ReceivedSpan[]): ReceivedSpan | undefined =>
  spans.find(({ spanId }) => spanId === parentSpanId);

const namesOf = (spans: ReceivedSpan[]): string[] => spans.map(({ service, name }) => `${service}: ${name}`);

describe('the traces of a service with an endpoint', () => {
  const [connecting, refreshing] = [newTrace(), newTrace()];
  let account: Account;
  let callback: string;
  let state: string;

  it('has the exchange of a code, from the callback over the exchanger to the platform, in the trace of the caller', async () => {
    const started = await backend.start('x');
    state = started.state;
    callback = await backend.decide(started.authorize_url);
    expect((await traced('GET', callback, connecting)).status).toBe(302);
    const path = await pathTo(connecting, 'evergrant-exchanger', 'POST api.x.com');
    expect(namesOf(path)).toEqual([
      'evergrant-api: GET /v1/oauth/:provider/callback',
      'evergrant-api: exchanger.exchange-code',
      'evergrant-exchanger: exchanger.exchange-code',
      'evergrant-exchanger: POST api.x.com',
    ]);
    expect(path[0]?.attributes).toMatchObject({
      'http.response.status_code': 302,
      'evergrant.request.id': `call-${connecting}`,
      'evergrant.provider': 'x',
    });
    expect(path[2]?.attributes).toMatchObject({
      'evergrant.attempt.id': expect.any(String),
      'evergrant.provider': 'x',
    });
    expect(path[3]?.attributes).toMatchObject({ 'server.address': 'api.x.com', 'http.response.status_code': 200 });
    const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
    account = await backend.account((body as { account_ids: string[] }).account_ids[0]!);
  });

  it('has a refresh that a client requests, with the ids of the account and of the grant', async () => {
    await backend.pass(61);
    expect((await traced('POST', `/v1/accounts/${account.id}/refresh`, refreshing)).status).toBe(200);
    const path = await pathTo(refreshing, 'evergrant-exchanger', 'POST api.x.com');
    expect(namesOf(path)).toEqual([
      'evergrant-api: POST /v1/accounts/:id/refresh',
      'evergrant-api: exchanger.refresh',
      'evergrant-exchanger: exchanger.refresh',
      'evergrant-exchanger: POST api.x.com',
    ]);
    expect(path[0]?.attributes['evergrant.account.id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(path[2]?.attributes['evergrant.grant.id']).toMatch(/^[0-9a-f-]{36}$/);
    const statements = receiver.spans.filter(
      ({ traceId, attributes }) => traceId === refreshing && attributes['db.system.name'] === 'postgresql',
    );
    expect(new Set(statements.map(({ service }) => service))).toEqual(
      new Set(['evergrant-api', 'evergrant-exchanger']),
    );
  });

  it('continues from the sweep of a worker through the job of a grant to the platform', async () => {
    await backend.pass(102);
    const refreshOf = (): ReceivedSpan | undefined =>
      receiver.spans.find(({ name }) => name === 'process grant.refresh');
    await until(() => Promise.resolve(refreshOf() !== undefined), Boolean, 45);
    const { traceId } = refreshOf()!;
    const path = await pathTo(traceId, 'evergrant-exchanger', 'POST api.x.com', 'process grants.sweep');
    expect(namesOf(path)).toEqual([
      'evergrant-worker: process grants.sweep',
      'evergrant-worker: send grant.refresh',
      'evergrant-worker: process grant.refresh',
      'evergrant-worker: exchanger.refresh',
      'evergrant-exchanger: exchanger.refresh',
      'evergrant-exchanger: POST api.x.com',
    ]);
  }, 90_000);

  it('holds no code, no state, no URL, no statement and no secret', () => {
    const code = new URL(callback).searchParams.get('code')!;
    expect(code.length).toBeGreaterThan(10);
    const text = receiver.bytes.toString('latin1');
    expect(text).toContain('evergrant.request.id');
    const found = [code, state, clientSecret, backend.key, 'code='].filter((secret) => text.includes(secret));
    expect(found).toEqual([]);
    expect(JSON.stringify(receiver.spans)).not.toMatch(/[?$@]|\/\//);
  });

  it('names the trace in the log lines of its processes', () => {
    const lines = launched
      .output()
      .split('\n')
      .filter((line) => line.includes(refreshing));
    expect(lines.some((line) => line.includes('request.answered'))).toBe(true);
  });
});

describe('an endpoint that takes spans and never answers', () => {
  it('slows no request, and the processes end in time', async () => {
    receiver.hang();
    const since = performance.now();
    for (let call = 0; call < 50; call += 1) expect((await traced('GET', '/v1/accounts', newTrace())).status).toBe(200);
    expect(performance.now() - since).toBeLessThan(10_000);
    const stopping = performance.now();
    launched.signal('SIGTERM');
    expect(await launched.exited).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(20_000);
  }, 60_000);
});
