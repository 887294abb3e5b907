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

/** Every situation in which tokens are destroyed, at every platform that has a call to revoke them: real exchanger, real socket. */
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

/** There, another app's consent makes another account. */
const APP_SCOPED_IDS = ['tiktok', 'linkedin'];

/** The calls to revoke that the platform got, once every revocation that began has ended. Also of an app that is gone. */
async function revocations(provider: string): Promise<SandboxCall[]> {
  await flow.revoked();
  return (await flow.sandbox.control('GET', `/calls?provider=${provider}&endpoint=revoke`)).body as SandboxCall[];
}

const once = [expect.objectContaining({ outcome: 'ok', status: 200 })];

/** A consent whose tokens wait in its attempt, since the platform does not say whose they are. */
async function leaveUnidentified(provider: string): Promise<void> {
  const started = await flow.start(provider);
  const back = await flow.decide(started.authorizeUrl);
  await flow.fault({ provider, endpoint: 'identity', times: 4, status: 503 });
  await flow.come(back);
  expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'exchanged', sealed: true });
}

/** Gives up what `leaveUnidentified` left, as the flow does with a consent that leads nowhere. */
async function giveUp(): Promise<void> {
  const { id } = (await attemptsOf(flow)).at(-1)!;
  await flow
    .get(FailAttempt)
    .execute(
      await flow.one<AttemptRow>(`select ${ATTEMPT_COLUMNS} from connect_attempts where id = $1`, [id]),
      'exchange_failed',
    );
  expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'failed', sealed: false });
}

const disconnect = (id: string): Promise<void> => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });

describe.each(revoking)('tokens of %s are revoked at the platform', (provider) => {
  let app: string;
  beforeEach(async () => {
    app = await flow.app(provider, { isDefault: true });
  });

  it('when their account is disconnected', async () => {
    const id = await flow.connect(provider);
    await disconnect(id);
    expect(await revocations(provider)).toEqual(once);
  });

  it('when a reauthorization signs in as another person', async () => {
    const id = await flow.connect(provider, 'happy');
    const { authorizeUrl } = await flow.get(StartReauth).execute({ tenant: flow.tenant, createdBy: 'a key', id });
    await flow.come(await flow.decide(authorizeUrl, 'paula'));
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({
      status: 'failed',
      error: 'account_mismatch',
      sealed: false,
    });
    expect(await revocations(provider)).toEqual(once);
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('when their account was connected again through another app, where ids are the same at all apps', async () => {
    const id = await flow.connect(provider);
    const other = await flow.app(provider);
    const isSame = (await flow.connect(provider, 'happy', { oauthAppId: other })) === id;
    expect(isSame).toBe(!APP_SCOPED_IDS.includes(provider));
    expect(await revocations(provider)).toEqual(isSame ? once : []);
  });

  it('when an attempt fails before the platform says whose they are', async () => {
    await leaveUnidentified(provider);
    await giveUp();
    expect(await revocations(provider)).toEqual(once);
  });

  it('not when they may be those of a person with a living account at the app', async () => {
    await flow.connect(provider);
    await leaveUnidentified(provider);
    await giveUp();
    expect(await revocations(provider)).toEqual([]);
  });

  it('when their app is deleted while they wait in an attempt', async () => {
    await leaveUnidentified(provider);
    await flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: app, force: false });
    expect(await revocations(provider)).toEqual(once);
  });

  it('not when an account of the same app outlives it', async () => {
    await flow.connect(provider);
    await leaveUnidentified(provider);
    await flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: app, force: true });
    expect(await revocations(provider)).toEqual([]);
  });

  it('not when another workspace holds the same person at the same client id', async () => {
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

  it('at the second try when the first one met a failure of the platform', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 503 });
    await disconnect(id);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([503]);
    await flow.pass(7);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([503, 200]);
  });

  it('at the second try when the first one was redirected by something in between', async () => {
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

  it('once only when the platform refuses', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 400, body: {} });
    await disconnect(id);
    expect((await revocations(provider)).map(({ status }) => status)).toEqual([400]);
  });

  it('not when the same person has another living account at the same app', async () => {
    const id = await flow.connect(provider);
    const project = await makeProject(flow.pool, flow.tenant);
    await flow.connect(provider, 'happy', { projectId: project });
    await disconnect(id);
    expect(await revocations(provider)).toEqual([]);
  });
});

it('A limit of the Graph API that comes with status 400 is no refusal: the tokens are revoked at the second try.', async () => {
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

describe.each(withProfiles)('tokens of %s are revoked at the platform', (provider) => {
  it('when nothing was selected in time of what the consent opened', async () => {
    await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 3_600 });
    const { authorizeUrl } = await flow.start(provider, { selection: 'manual' });
    await flow.come(await flow.decide(authorizeUrl, 'many-pages'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'selection_required' }]);
    await flow.pass(601);
    await flow.get(SweepAttempts).execute();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await revocations(provider)).toEqual(once);
  });

  it('when the consent opened nothing that can be connected', async () => {
    await flow.app(provider, { isDefault: true });
    const { authorizeUrl } = await flow.start(provider);
    await flow.come(await flow.decide(authorizeUrl, 'no-pages'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'no_eligible_account' }]);
    expect(await revocations(provider)).toEqual(once);
  });
});

const deleting = imitated
  .filter(({ name, push }) => revoking.includes(name) && push?.topics?.includes('data-deletion'))
  .map(({ name }) => name);

describe.each(deleting)('tokens of %s are revoked at the platform', (provider) => {
  let app: string;
  beforeEach(async () => {
    app = await flow.app(provider, { isDefault: true });
  });

  /** The person's request to delete the data, as Meta signs it; the app is not removed by it. */
  async function askForDeletion(userId: string): Promise<void> {
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

  it('when a connected person asks for the data to be deleted', async () => {
    await flow.connect(provider);
    await askForDeletion(await personOf('grants'));
    expect(await revocations(provider)).toEqual(once);
  });

  it('when a person asks for that whose consent waits for a selection', async () => {
    const { authorizeUrl } = await flow.start(provider, { selection: 'manual' });
    await flow.come(await flow.decide(authorizeUrl, 'many-pages'));
    await askForDeletion(await personOf('connect_attempts'));
    expect(await revocations(provider)).toEqual(once);
  });
});

describe('a revocation while the exchanger is away', () => {
  const provider = 'x';
  beforeEach(() => flow.app(provider, { isDefault: true }));

  it.each(['SIGKILL', 'SIGTERM'] as const)('is sent when the exchanger is back after %s', async (signal) => {
    const id = await flow.connect(provider);
    await flow.exchanger.end(signal);
    await disconnect(id);
    await flow.exchanger.run();
    expect(await revocations(provider)).toEqual(once);
  });

  it('is sent by the next exchanger when this one drains, which may take as long as a platform takes to answer', async () => {
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

  it('is in the log of the exchanger with its outcome', () => {
    const lines = flow.exchanger.log
      .split('\n')
      .filter((line) => line.includes('"revocation.settled"'))
      .map((line) => JSON.parse(line) as { outcome: string });
    expect([...new Set(lines.map(({ outcome }) => outcome))].toSorted()).toEqual(['refused', 'revoked', 'spared']);
  });
});
