import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfirmSecret, DueGrants, GetOAuthApp, UpdateOAuthApp } from '#accounts';
import { Secret } from '#observability';
import { CLIENT_SECRET, type Fault, Flow, REFUSED } from './support/flow.js';
import { grantOf, tenantEvents } from './support/flow-rows.js';

/** A new client secret, through the exchanger's process: which requests the platform receives with it. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(2, { exchanger: 'process' });
});
afterAll(() => flow.close());

const PERSONAS = ['paula', 'omar', 'mei'];
const REFRESH_AGE_SECONDS = 6_600;

let app: string;
let clientId: string;
let accounts: string[];

interface Begun {
  provider?: string;
  personas?: readonly string[];
  /** Seconds since the consents. */
  age?: number;
}

async function begin({ provider = 'x', personas = PERSONAS, age = REFRESH_AGE_SECONDS }: Begun = {}): Promise<void> {
  await flow.begin();
  if (!['x', 'tiktok'].includes(provider)) await flow.app(provider);
  await flow.knobs(provider, { access_ttl_seconds: 7_200 });
  accounts = [];
  for (const persona of personas) accounts.push(await flow.connect(provider, persona));
  const row = await flow.one<{ id: string; client: string }>(
    'select id, client_id as client from oauth_apps where workspace_id = $1 and provider = $2',
    [flow.tenant.workspaceId, provider],
  );
  [app, clientId] = [row.id, row.client];
  await flow.sandbox.control('POST', '/apps', { provider, client_id: clientId, client_secret: CLIENT_SECRET });
  await flow.pass(age);
}

const setSecret = (clientSecret: string, process = 0): Promise<unknown> =>
  flow.get(UpdateOAuthApp, process).execute({ tenant: flow.tenant, id: app, clientSecret: new Secret(clientSecret) });
/** What a worker does with the app at its next sweep. */
async function sweep(process = 0): Promise<void> {
  const confirm = flow.get(ConfirmSecret, process);
  for (const id of await confirm.findWaiting()) await confirm.execute(id);
}
const due = (): Promise<string[]> => flow.get(DueGrants).execute({ perApp: 10, all: 10 });
const status = async (): Promise<string> =>
  (await flow.get(GetOAuthApp).execute({ tenant: flow.tenant, id: app })).status;
const statuses = async (): Promise<unknown[]> => (await tenantEvents(flow)).map(({ data }) => data.status);
const calls = async (): Promise<string[]> => (await flow.calls('token')).map(({ outcome }) => outcome);
const refreshes = async (): Promise<string[]> =>
  (await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome);
const refresh = async (id: string, process = 0): Promise<string> =>
  (await flow.exchange(process).refresh((await grantOf(flow, id)).id, { forced: true })).kind;
const refreshAll = (): Promise<string[]> => Promise.all(accounts.map((id, index) => refresh(id, index % 2)));
const turn = async (): Promise<Date | null> =>
  (await flow.one<{ at: Date | null }>('select secret_turn_until as at from oauth_apps where id = $1', [app])).at;
const isConfirmed = async (): Promise<boolean> => (await turn()) === null;

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not within 40 s: ${String(isSo)}, ${JSON.stringify(await calls())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** As a process that ends right after it has stored the secret. */
async function setSecretOnly(clientSecret: string): Promise<void> {
  const confirm = flow.get(ConfirmSecret);
  Object.assign(confirm, { begin: () => Promise.resolve() });
  await setSecret(clientSecret);
  Reflect.deleteProperty(confirm, 'begin');
}

describe('a new client secret', () => {
  beforeEach(() => begin());

  it('that the platform refuses is sent for one grant, and the app is misconfigured with one event', async () => {
    await setSecret('wrong');
    await eventually(isConfirmed);
    expect(await refreshes()).toEqual(['wrong_client_secret']);
    expect(await refreshAll()).toEqual(['app_paused', 'app_paused', 'app_paused']);
    expect(await due()).toEqual([]);
    expect(await refreshes()).toEqual(['wrong_client_secret']);
    expect([await status(), await statuses()]).toEqual(['misconfigured', ['misconfigured']]);
    const [health] = await flow.healthOf(accounts[1]!);
    expect([health, (await grantOf(flow, accounts[2]!)).strikes]).toEqual(['active', 0]);
  });

  it('that the platform accepts ends misconfigured after one refresh, and the other grants are due at once', async () => {
    await setSecret('wrong');
    await eventually(isConfirmed);
    await setSecret(CLIENT_SECRET);
    await eventually(isConfirmed);
    expect(await refreshes()).toEqual(['wrong_client_secret', 'ok']);
    expect([await status(), await statuses()]).toEqual(['active', ['misconfigured', 'active']]);
    expect(await due()).toHaveLength(2);
    await refreshAll();
    expect(await refreshes()).toEqual(['wrong_client_secret', 'ok', 'ok', 'ok']);
  });

  it('is sent for one grant although two processes refresh all of them at the same moment', async () => {
    await setSecretOnly('wrong');
    await Promise.all([sweep(0), sweep(1), refreshAll(), refreshAll()]);
    await eventually(isConfirmed);
    expect(await refreshes()).toEqual(['wrong_client_secret']);
    expect(await statuses()).toEqual(['misconfigured']);
  });

  it('is used by the sweep of a worker where the process that stored it ended before it could', async () => {
    await setSecretOnly(CLIENT_SECRET);
    expect([await refreshes(), await due()]).toEqual([[], []]);
    await sweep(1);
    expect([await refreshes(), await isConfirmed()]).toEqual([['ok'], true]);
  });

  const INCONCLUSIVE: [string, Omit<Fault, 'endpoint'>][] = [
    ['fails', { status: 503 }],
    ['refuses the first grant itself', REFUSED],
    ['limits requests', { status: 429 }],
    ['closes the connection before it has read the request', { drop: 'before' }],
  ];

  it.each(INCONCLUSIVE)('is sent for the next grant when the platform %s', async (_what, fault) => {
    await flow.fault({ endpoint: 'token', ...fault });
    await setSecret(CLIENT_SECRET);
    await eventually(isConfirmed);
    expect((await refreshes()).at(-1)).toBe('ok');
    expect(await statuses()).toEqual([]);
  });

  it('waits for no grant for longer than a minute, when the exchanger that used it first was killed', async () => {
    await flow.fault({ endpoint: 'token', delay_ms: 20_000 });
    await setSecret(CLIENT_SECRET);
    await eventually(
      async () =>
        (await flow.one<{ n: number }>(`select count(*)::int as n from grants where refresh_state = 'in_flight'`)).n >
        0,
    );
    await flow.exchanger.end('SIGKILL');
    await flow.exchanger.run();
    await sweep();
    expect(await isConfirmed()).toBe(false);
    await flow.pass(61);
    // The exchanger retries the unknown outcome automatically, and may have the turn at one of the sweeps.
    await eventually(async () => {
      await sweep();
      return isConfirmed();
    });
    expect(await statuses()).toEqual([]);
  });

  it('is confirmed by a connect, whose code is exchanged with it at once', async () => {
    await flow.fault({ endpoint: 'token', status: 503, times: 2 });
    await setSecretOnly(CLIENT_SECRET);
    await flow.sandbox.control('DELETE', '/faults');
    await flow.connect('x', 'happy');
    expect([await isConfirmed(), await refreshes()]).toEqual([true, []]);
  });

  it('that a connect finds refused is used for no grant', async () => {
    await setSecretOnly('wrong');
    await expect(flow.connect('x', 'happy')).rejects.toThrow('app_misconfigured');
    await sweep();
    expect([await refreshes(), await status(), await isConfirmed()]).toEqual([[], 'misconfigured', true]);
  });

  it('can be set back to the former one before and after the platform has refused it', async () => {
    await setSecretOnly('wrong');
    await setSecret(CLIENT_SECRET);
    await eventually(isConfirmed);
    expect([await refreshes(), await statuses()]).toEqual([['ok'], []]);
  });

  it('is not accepted by the answer to the former one, which comes later', async () => {
    await flow.fault({ endpoint: 'token', delay_ms: 1_500 });
    const former = refresh(accounts[0]!);
    await eventually(async () => (await grantOf(flow, accounts[0]!)).state === 'in_flight');
    await setSecretOnly('wrong');
    expect(await former).toBe('refreshed');
    expect(await isConfirmed()).toBe(false);
    await sweep();
    expect([await status(), await refreshes()]).toEqual(['misconfigured', ['ok', 'wrong_client_secret']]);
  });
});

describe('a new client secret of an app without a grant that can be refreshed', () => {
  it('is checked at the platform, and a right one ends misconfigured', async () => {
    await begin({ personas: [] });
    await setSecret('wrong');
    await eventually(isConfirmed);
    expect(await status()).toBe('misconfigured');
    await setSecret(CLIENT_SECRET);
    await eventually(isConfirmed);
    expect(await statuses()).toEqual(['misconfigured', 'active']);
    expect(await calls()).toHaveLength(2);
  });

  it('is checked at the platform where the platform refuses to extend so young a token', async () => {
    await begin({ provider: 'facebook', personas: ['paula'], age: 3_600 });
    await flow.pool.query(
      `update grants set access_expires_at = issued_at + interval '60 days' where oauth_app_id = $1`,
      [app],
    );
    const before = (await calls()).length;
    await setSecret(CLIENT_SECRET);
    await eventually(isConfirmed);
    expect((await flow.calls('token')).slice(before).map(({ grant_type }) => grant_type)).toEqual([
      'client_credentials',
    ]);
  });

  it('counts as accepted where the platform never confirms it', async () => {
    await begin({ provider: 'instagram', personas: [] });
    await flow.pool.query(`update oauth_apps set status = 'misconfigured', status_source = 'token' where id = $1`, [
      app,
    ]);
    await setSecret(CLIENT_SECRET);
    expect([await status(), await statuses()]).toEqual(['active', ['active']]);
  });

  it('is checked again after a minute where the platform does not answer', async () => {
    await begin({ personas: [] });
    await flow.fault({ endpoint: 'token', status: 503 });
    await setSecret(CLIENT_SECRET);
    await eventually(async () => (await calls()).length > 0);
    await sweep();
    expect([await isConfirmed(), await calls()]).toEqual([false, ['fault']]);
    await flow.pass(61);
    await sweep();
    expect(await isConfirmed()).toBe(true);
  });
});
