import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DeleteOAuthApp, DisconnectAccount, HandlePush, StartReauth, SweepAttempts } from '#accounts';
import { ATTEMPT_COLUMNS, type AttemptRow } from '#persistence';
import { PROVIDER_NAMES, providerOf } from '#providers';
import { FailAttempt } from '../libs/accounts/src/connect/fail-attempt.js';
import { CLIENT_SECRET, Flow, type SandboxCall } from './support/flow.js';
import { attemptsOf, grantOf } from './support/flow-rows.js';
import { makeProject, makeTenant } from './support/rows.js';

/** Every case in which tokens are deleted, at every platform with a revocation endpoint, over the real exchanger and its socket. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const imitated = PROVIDER_NAMES.map(providerOf).filter(({ liveOnly }) => !liveOnly);
const revoking = imitated.filter((provider) => provider.revoke !== undefined).map(({ name }) => name);
const withProfiles = imitated
  .filter((provider) => revoking.includes(provider.name) && provider.profiles)
  .map(({ name }) => name);

/** Platforms whose user ids differ between apps: a consent through another app creates another account. */
const APP_SCOPED_IDS = ['tiktok', 'linkedin'];

/** The revocation calls that the platform received, after every started revocation has ended; includes calls of deleted apps. */
async function revocations(provider: string): Promise<SandboxCall[]> {
  await flow.revoked();
  return (await flow.sandbox.control('GET', `/calls?provider=${provider}&endpoint=revoke`)).body as SandboxCall[];
}

const once = [expect.objectContaining({ outcome: 'ok', status: 200 })];

/** Leaves an exchanged attempt whose person the platform does not identify. */
async function leaveUnidentified(provider: string): Promise<void> {
  const started = await flow.start(provider);
  const back = await flow.decide(started.authorizeUrl);
  await flow.fault({ provider, endpoint: 'identity', times: 4, status: 503 });
  await flow.callback(back);
  expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'exchanged', sealed: true });
}

/** Lets the attempt of `leaveUnidentified` fail at its time limit. */
async function expireAttempt(): Promise<void> {
  const { id } = (await attemptsOf(flow)).at(-1)!;
  await flow
    .get(FailAttempt)
    .execute(
      await flow.one<AttemptRow>(`select ${ATTEMPT_COLUMNS} from connect_attempts where id = $1`, [id]),
      'exchange_failed',
    );
  expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'failed', sealed: false });
}

const disconnect = (id: string): Promise<unknown> => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });

describe.each(revoking)('the deletion of tokens of %s', (provider) => {
  let app: string;
  beforeEach(async () => {
    app = await flow.app(provider, { isDefault: true });
  });

  it('revokes them when their account is disconnected', async () => {
    const id = await flow.connect(provider);
    await disconnect(id);
    expect(await revocations(provider)).toEqual(once);
  });

  it('revokes them when a reauthorization signs in as another person', async () => {
    const id = await flow.connect(provider, 'happy');
    const { authorizeUrl } = await flow.get(StartReauth).execute({ tenant: flow.tenant, createdBy: 'a key', id });
    await flow.callback(await flow.decide(authorizeUrl, 'paula'));
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({
      status: 'failed',
      error: 'account_mismatch',
      sealed: false,
    });
    expect(await revocations(provider)).toEqual(once);
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('revokes them when the account is reconnected through another app and the user ids do not depend on the app', async () => {
    const id = await flow.connect(provider);
    const other = await flow.app(provider);
    const isSame = (await flow.connect(provider, 'happy', { oauthAppId: other })) === id;
    expect(isSame).toBe(!APP_SCOPED_IDS.includes(provider));
    expect(await revocations(provider)).toEqual(isSame ? once : []);
  });

  it('revokes them when an attempt fails before the platform identifies the person', async () => {
    await leaveUnidentified(provider);
    await expireAttempt();
    expect(await revocations(provider)).toEqual(once);
  });

  it('keeps them when they may belong to a person with an active account of the app', async () => {
    await flow.connect(provider);
    await leaveUnidentified(provider);
    await expireAttempt();
    expect(await revocations(provider)).toEqual([]);
  });

  it('revokes them when their app is deleted before the attempt is identified', async () => {
    await leaveUnidentified(provider);
    await flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: app, force: false });
    expect(await revocations(provider)).toEqual(once);
  });

  it('keeps them when the deleted app still has an account of the person', async () => {
    await flow.connect(provider);
    await leaveUnidentified(provider);
    await flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: app, force: true });
    expect(await revocations(provider)).toEqual([]);
  });

  it('keeps them when another workspace has an account of the same person and client id', async () => {
    const id = await flow.connect(provider);
    const { clientId } = await flow.one<{ clientId: string }>(
      'select client_id as "clientId" from oauth_apps where id = $1',
      [app],
    );
    const owner = flow.tenant;
    flow.tenant = await makeTenant(flow.pool);
    await makeProject(flow.pool, flow.tenant, true);
    await flow.app(provider, { isDefault: true, clientId });
    await flow.connect(provider);
    flow.tenant = owner;
    await disconnect(id);
    expect(await revocations(provider)).toEqual([]);
  });

  it('revokes them by the second request when the first one fails', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 503 });
    await disconnect(id);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([503]);
    await flow.pass(7);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([503, 200]);
  });

  it('revokes them by the second request when the first one is redirected', async () => {
    const id = await flow.connect(provider);
    await flow.fault({
      provider,
      endpoint: 'revoke',
      times: 1,
      status: 302,
      headers: { Location: 'https://a.example/' },
    });
    await disconnect(id);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([302]);
    await flow.pass(7);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([302, 200]);
  });

  it('revokes them by the second request when the platform refuses the first one', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 400, body: {} });
    await disconnect(id);
    await revocations(provider);
    await flow.pass(7);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([400, 200]);
  });

  it('keeps them when the same person has another active account of the same app', async () => {
    const id = await flow.connect(provider);
    const project = await makeProject(flow.pool, flow.tenant);
    await flow.connect(provider, 'happy', { projectId: project });
    await disconnect(id);
    expect(await revocations(provider)).toEqual([]);
  });
});

it('a revocation that the platform refuses for the sixth time is not repeated', async () => {
  await flow.app('x', { isDefault: true });
  const id = await flow.connect('x');
  await flow.fault({ provider: 'x', endpoint: 'revoke', times: 10, status: 400, body: {} });
  await disconnect(id);
  expect(await revocations('x')).toHaveLength(1);
  const ofTenant = [flow.tenant.workspaceId];
  const facts = 'select tries, last_outcome as outcome from pending_revocations where workspace_id = $1';
  expect(await flow.many(facts, ofTenant)).toEqual([{ tries: 1, outcome: 'refused' }]);
  await flow.pool.query(
    'update pending_revocations set tries = 5, due_at = db_now() where workspace_id = $1',
    ofTenant,
  );
  expect(await revocations('x')).toHaveLength(2);
  expect(await flow.many(facts, ofTenant)).toEqual([]);
  await flow.sandbox.control('DELETE', '/faults');
});

it('a rate limit of the Graph API with status 400 is not a refusal: the second request revokes the tokens', async () => {
  await flow.app('facebook', { isDefault: true });
  await flow.knobs('facebook', { access_ttl_seconds: 36_000 });
  const id = await flow.connect('facebook', 'one-page');
  const body = { error: { message: '(#4) Application request limit reached', type: 'OAuthException', code: 4 } };
  await flow.fault({ provider: 'facebook', endpoint: 'revoke', times: 1, status: 400, body });
  await disconnect(id);
  expect((await revocations('facebook')).map(({ status }) => status)).toEqual([400]);
  await flow.pass(3_700);
  expect((await revocations('facebook')).map(({ status }) => status)).toEqual([400, 200]);
});

describe.each(withProfiles)('the deletion of tokens of %s', (provider) => {
  it('revokes them when the person selects no account in time', async () => {
    await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 3_600 });
    const { authorizeUrl } = await flow.start(provider, { selection: 'manual' });
    await flow.callback(await flow.decide(authorizeUrl, 'many-pages'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'selection_required' }]);
    await flow.pass(601);
    await flow.get(SweepAttempts).execute();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await revocations(provider)).toEqual(once);
  });

  it('revokes them when the consent includes no eligible account', async () => {
    await flow.app(provider, { isDefault: true });
    const { authorizeUrl } = await flow.start(provider);
    await flow.callback(await flow.decide(authorizeUrl, 'no-pages'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'no_eligible_account' }]);
    expect(await revocations(provider)).toEqual(once);
  });
});

const deleting = imitated
  .filter(({ name, push }) => revoking.includes(name) && push?.topics?.includes('data-deletion'))
  .map(({ name }) => name);

describe.each(deleting)('the deletion of tokens of %s', (provider) => {
  let app: string;
  beforeEach(async () => {
    app = await flow.app(provider, { isDefault: true });
  });

  /** The signed data deletion request of Meta, which does not remove the app. */
  async function requestDeletion(userId: string): Promise<void> {
    const { seconds } = await flow.one<{ seconds: number }>(
      'select floor(extract(epoch from db_now()))::int + 1 as seconds',
    );
    const payload = Buffer.from(
      JSON.stringify({ algorithm: 'HMAC-SHA256', issued_at: seconds, user_id: userId }),
    ).toString('base64url');
    const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
    const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
    const { family } = providerOf(provider).push!;
    const outcome = await flow
      .get(HandlePush)
      .execute({ family, oauthAppId: app, topic: 'data-deletion', headers: {}, body });
    expect(outcome).toMatchObject({ kind: 'deleted' });
  }

  const personOf = async (table: 'grants' | 'connect_attempts'): Promise<string> =>
    (
      await flow.one<{ id: string }>(`select platform_user_id as id from ${table} where workspace_id = $1`, [
        flow.tenant.workspaceId,
      ])
    ).id;

  it('revokes them when a connected person requests the deletion of the data', async () => {
    await flow.connect(provider);
    await requestDeletion(await personOf('grants'));
    expect(await revocations(provider)).toEqual(once);
  });

  it('revokes them when a person requests the deletion while the attempt waits for a selection', async () => {
    const { authorizeUrl } = await flow.start(provider, { selection: 'manual' });
    await flow.callback(await flow.decide(authorizeUrl, 'many-pages'));
    await requestDeletion(await personOf('connect_attempts'));
    expect(await revocations(provider)).toEqual(once);
  });
});

describe('a revocation without a running exchanger', () => {
  const provider = 'x';
  beforeEach(() => flow.app(provider, { isDefault: true }));

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'is sent after the restart of the exchanger that ended by %s',
    async (signal) => {
      const id = await flow.connect(provider);
      await flow.exchanger.end(signal);
      await disconnect(id);
      await flow.exchanger.run();
      expect(await revocations(provider)).toEqual(once);
    },
  );

  it('is sent by the next exchanger when the current one drains', async () => {
    const [id, slow] = [await flow.connect(provider), await flow.connect(provider, 'paula')];
    await flow.pass(102);
    await flow.fault({ provider, endpoint: 'token', times: 1, delay_ms: 1_500 });
    const refreshing = flow.exchange().refresh((await grantOf(flow, slow)).id);
    while ((await grantOf(flow, slow)).state !== 'in_flight') await pause(20);
    const ended = flow.exchanger.beginToEnd();
    while ((await flow.exchanger.client.health()).status !== 'draining') await pause(20);
    await disconnect(id);
    expect(await refreshing).toEqual({ kind: 'refreshed' });
    await ended;
    await flow.exchanger.run();
    expect(await revocations(provider)).toEqual(once);
  });

  it('is logged by the exchanger with its outcome', () => {
    const lines = flow.exchanger.log
      .split('\n')
      .filter((line) => line.includes('"revocation.settled"'))
      .map((line) => JSON.parse(line) as { outcome: string });
    expect([...new Set(lines.map(({ outcome }) => outcome))].toSorted()).toEqual(['refused', 'revoked', 'spared']);
  });
});
