import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { newId } from '#persistence';
import type { TokenExchange } from '#tokens';
import { ExchangerProcess } from './support/exchanger-process.js';
import { type Fault, Flow, REFUSED } from './support/flow.js';
import { attemptsOf, grantOf } from './support/flow-rows.js';
import { freePorts } from './support/free-ports.js';
import { until } from './support/backend.js';

/** Every message of the exchanger's socket with each outcome, compared with the calls that the platform received. For revocations see revocations.int-spec.ts. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

describe('the code of an attempt', () => {
  /** Exchanges a code; returns the outcome and the calls that the platform received. */
  async function exchanged({
    fault,
    persona,
    by = flow.exchange(),
  }: { fault?: Fault; persona?: string; by?: TokenExchange } = {}): Promise<unknown[]> {
    const { authorizeUrl } = await flow.start('x');
    const code = new Secret((await flow.decide(authorizeUrl, persona)).searchParams.get('code')!);
    const { id } = (await attemptsOf(flow)).at(-1)!;
    await flow.pool.query('update connect_attempts set spent_at = db_now() where id = $1', [id]);
    if (fault) await flow.fault(fault);
    const outcome = await by.exchangeCode(id, code);
    return [outcome, (await flow.calls('token', 'authorization_code')).map((call) => call.outcome)];
  }

  it('is exchanged at the platform', async () => {
    expect(await exchanged()).toEqual([{ kind: 'exchanged' }, ['ok']]);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged', sealed: true }]);
  });

  it('is refused with the reason of the platform', async () => {
    const [outcome, calls] = await exchanged({ persona: 'wrong-secret' });
    expect(outcome).toMatchObject({ kind: 'refused', failure: { class: 'app', reason: 'app_misconfigured' } });
    expect(calls).toHaveLength(1);
  });

  it('is lost with its answer, and is not sent again', async () => {
    expect(await exchanged({ fault: { endpoint: 'token', drop: 'after' } })).toEqual([{ kind: 'lost' }, ['ok']]);
  });

  it('is not sent when the platform is unreachable', async () => {
    const { port } = await freePorts();
    const cutOff = await ExchangerProcess.start({ ...flow.environment, SANDBOX_URL: `http://127.0.0.1:${port}` });
    try {
      expect(await exchanged({ by: cutOff.client })).toEqual([{ kind: 'unreachable' }, []]);
    } finally {
      await cutOff.close();
    }
  });
});

describe('the refresh of a grant', () => {
  /** Refreshes a grant; returns the outcome and the number of calls that the platform received. */
  async function refreshed(id: string, forced = false): Promise<unknown[]> {
    const before = (await flow.calls('token', 'refresh_token')).length;
    const outcome = await flow.exchange().refresh((await grantOf(flow, id)).id, { forced });
    return [outcome, (await flow.calls('token', 'refresh_token')).length - before];
  }

  async function due(persona?: string): Promise<string> {
    const id = await flow.connect('x', persona);
    await flow.pass(102);
    return id;
  }

  it('is sent when it is due', async () => {
    expect(await refreshed(await due())).toEqual([{ kind: 'refreshed' }, 1]);
  });

  it('is not sent when the tokens are fresh, even if it is forced', async () => {
    expect(await refreshed(await flow.connect('x'), true)).toEqual([{ kind: 'fresh' }, 0]);
  });

  it('is not sent when it is not due, or when the grant does not exist', async () => {
    expect(await refreshed(await flow.connect('x'))).toEqual([{ kind: 'nothing_to_do' }, 0]);
    expect(await flow.exchange().refresh(newId())).toEqual({ kind: 'nothing_to_do' });
  });

  it('is not sent without a refresh token', async () => {
    expect(await refreshed(await due('no-refresh-token'), true)).toEqual([{ kind: 'not_refreshable' }, 0]);
  });

  it('is refused by the platform', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', ...REFUSED });
    expect((await refreshed(id))[0]).toEqual({ kind: 'refused' });
  });

  it('fails when the platform fails, and returns the time of the next attempt', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', status: 503, headers: { 'retry-after': '90' } });
    expect((await refreshed(id))[0]).toEqual({ kind: 'unavailable', retryAfter: expect.any(Number) });
  });

  it('is not sent while its app is paused', async () => {
    const [one, other] = [await flow.connect('x'), await due('omar')];
    await flow.fault({
      endpoint: 'token',
      status: 402,
      body: { title: 'CreditsDepleted' },
      headers: { 'retry-after': '900' },
    });
    expect((await refreshed(one))[0]).toMatchObject({ kind: 'app_paused' });
    expect(await refreshed(other)).toEqual([{ kind: 'app_paused', retryAfter: 900 }, 0]);
  });
});

describe('a refresh that waits when the exchanger ends', () => {
  it('is taken by the next exchanger, although the ended one had accepted the call', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    const { id: grantId } = await grantOf(flow, id);
    const lock = await flow.pool.connect();
    await lock.query('begin; lock table grants in access exclusive mode');
    const outcome = flow.exchange().refresh(grantId);
    await until(
      () => flow.exchanger.client.health(),
      ({ inProgress }) => inProgress > 0,
    );
    const ended = flow.exchanger.beginToEnd();
    await until(
      () => flow.exchanger.client.health(),
      ({ status }) => status === 'draining',
    );
    await lock.query('rollback');
    lock.release();
    await ended;
    await flow.exchanger.run();
    expect(await outcome).toEqual({ kind: 'refreshed' });
    expect(await flow.calls('token', 'refresh_token')).toHaveLength(1);
  });
});

describe('the exchanger', () => {
  it('reports its health over the socket', async () => {
    expect(await flow.exchanger.client.health()).toEqual({
      ...{ status: 'ok', inProgress: 0, journalWritable: true, journalLasts: expect.any(Boolean) },
    });
  });

  it('counts the requests that it sends', async () => {
    const count = async (): Promise<number> => {
      const text = await flow.exchanger.client.metrics();
      return Number(
        /^evergrant_token_exchanges_total\{[^}]*kind="code"[^}]*outcome="ok"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0,
      );
    };
    const before = await count();
    await flow.connect('x');
    expect(await count()).toBe(before + 1);
  });

  it('logs no token, no code and no secret', async () => {
    expect(flow.exchanger.log).toContain('"exchanger.listening"');
    const { rows } = await flow.pool.query<{ id: string }>('select client_id as id from oauth_apps');
    expect(rows.length).toBeGreaterThan(0);
    expect(flow.exchanger.log).not.toMatch(/the-client-secret-of-a-test|access_token=|refresh_token=|code=/);
  });
});
