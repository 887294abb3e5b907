import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners, once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiAnswer, authorizedCall, openUsableToken } from '#tokens';
import { Flow, type Fault } from '../../../test/support/flow.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const ME = '2/users/me?user.fields=profile_image_url';

async function call(id: string, target = ME, signal = AbortSignal.timeout(5_000)): Promise<ApiAnswer> {
  const request = { ...flow.tenant, id, minTtl: 60, maxWait: 5_000 };
  const outcome = await openUsableToken(flow.context(), flow.exchange(), request);
  if (outcome.kind !== 'usable') throw new Error(outcome.kind);
  return authorizedCall(flow.context(), outcome.token, { method: 'GET', target, headers: {}, signal });
}

async function answered(id: string, target = ME): Promise<{ status: number; json: unknown; failure: unknown }> {
  const { status, body, failure } = await call(id, target);
  return { status, json: JSON.parse((await buffer(body)).toString()), failure };
}

/** Seconds until the next probe of an account. */
async function untilProbe(id: string): Promise<number> {
  const { seconds } = await flow.one<{ seconds: number }>(
    'select extract(epoch from probe_due_at - db_now())::float8 as seconds from accounts where id = $1',
    [id],
  );
  return seconds;
}

const appStatus = () =>
  flow.many<{ status: string }>(`select status from oauth_apps where workspace_id = $1 and provider = 'x'`, [
    flow.tenant.workspaceId,
  ]);

const UNAUTHORIZED = { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' };
const DAY = 86_400;

describe('a call with the token of an account', () => {
  it('reaches the API as the person, with the answer as it came', async () => {
    const id = await flow.connect('x');
    expect(await answered(id)).toMatchObject({
      status: 200,
      failure: undefined,
      json: { data: { username: 'hanna_happy' } },
    });
    expect(await untilProbe(id)).toBeGreaterThan(DAY - 60);
  });

  it("uses the Page's own token where the account is a Page", async () => {
    await flow.app('facebook');
    const id = await flow.connect('facebook', 'one-page');
    const { platformAccountId } = await flow.account(id);
    const target = 'v25.0/me?fields=id';
    expect(await answered(id, target)).toMatchObject({ status: 200, json: { id: platformAccountId } });
  });

  it.each<[string, Omit<Fault, 'endpoint'>, object]>([
    ['a 401', { status: 401, body: UNAUTHORIZED }, { status: 401 }],
    ['a refusal of the app', { status: 401, body: { error: 'invalid_client' } }, { failure: { class: 'app' } }],
  ])('makes the probe due after %s, and decides nothing', async (_, fault, refusal) => {
    const id = await flow.connect('x');
    await flow.pass(120);
    const before = await flow.healthOf(id);
    await flow.fault({ endpoint: 'identity', ...fault });
    expect(await answered(id)).toMatchObject(refusal);
    expect(await untilProbe(id)).toBeLessThanOrEqual(0);
    expect(await flow.healthOf(id)).toEqual(before);
    expect(await appStatus()).toEqual([{ status: 'active' }]);
  });

  it('makes the probe due once a minute, however often it is refused', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', status: 401, body: UNAUTHORIZED, times: 2 });
    await answered(id);
    await answered(id);
    const seconds = await untilProbe(id);
    expect(seconds).toBeGreaterThan(30);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it('leaves the probe where it is, however often the caller meets a limit of the platform', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', status: 401, body: UNAUTHORIZED });
    await answered(id);
    const before = await untilProbe(id);
    await flow.fault({ endpoint: 'identity', status: 429, body: {}, headers: { 'retry-after': '7200' }, times: 2 });
    expect(await answered(id)).toMatchObject({ status: 429, failure: { reason: 'rate_limited' } });
    await answered(id);
    expect(await untilProbe(id)).toBeLessThanOrEqual(before);
  });

  it('proves nothing about the account where the platform fails', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', status: 503, body: {} });
    expect(await answered(id)).toMatchObject({ status: 503, failure: { class: 'temporary' } });
    expect(await untilProbe(id)).toBeGreaterThan(DAY - 60);
  });

  it('closes the answer where the caller drops a large refusal unread', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', status: 400, body: { detail: 'x'.repeat(400_000) } });
    const { signal } = new AbortController();
    const { status, body } = await call(id, ME, signal);
    expect([status, getEventListeners(signal, 'abort').length]).toEqual([400, 1]);
    body.destroy();
    await once(body, 'close');
    await pause(20);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('sends nothing where its caller has given up before', async () => {
    const id = await flow.connect('x');
    const before = (await flow.calls('identity')).length;
    await expect(call(id, ME, AbortSignal.abort())).rejects.toMatchObject({ code: 'provider.not_reached' });
    expect(await flow.calls('identity')).toHaveLength(before);
  });

  it('holds on to no signal where the answer is lost', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', drop: 'before' });
    const { signal } = new AbortController();
    await expect(call(id, ME, signal)).rejects.toMatchObject({ code: 'provider.answer_lost' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends when its caller gives up', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'identity', delay_ms: 4_000 });
    const startedAt = performance.now();
    await expect(call(id, ME, AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'provider.answer_lost' });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
