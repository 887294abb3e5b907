import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pRetry from 'p-retry';
import { DisconnectAccount, UpdateOAuthApp } from '#accounts';
import { Secret } from '#observability';
import { CLIENT_SECRET, Flow, type SandboxCall } from './support/flow.js';
import { tenantEvents } from './support/flow-rows.js';

/** Platforms that refuse the app, or the person, where tokens are revoked: real exchanger, real socket. */
let flow: Flow;
let app: string;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());

const REFUSALS = [
  { provider: 'x', status: 401, body: { error: 'invalid_client' } },
  { provider: 'tiktok', status: 200, body: { error: 'invalid_client', error_description: 'x' } },
  {
    provider: 'facebook',
    status: 400,
    body: { error: { message: 'API access deactivated.', type: 'OAuthException', code: 200 } },
  },
];

const disconnect = (id: string): Promise<unknown> => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
const statuses = async (): Promise<unknown[]> =>
  (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_app.status_changed').map(({ data }) => data.status);
const outcomes = (): Promise<{ outcome: string | null }[]> =>
  flow.many('select last_outcome as outcome from pending_revocations where workspace_id = $1', [
    flow.tenant.workspaceId,
  ]);
const revocations = async (): Promise<string[]> => {
  await flow.revoked();
  return (await flow.calls('revoke')).map(({ outcome }: SandboxCall) => outcome);
};

describe.each(REFUSALS)('a revocation at $provider', ({ provider, status, body }) => {
  let id: string;
  beforeEach(async () => {
    await flow.begin();
    app = await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 100_000 });
    id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status, body });
    await disconnect(id);
  });

  it('that meets a refusal of the app marks the app with one event, and is kept', async () => {
    expect(await revocations()).toEqual(['fault']);
    expect([await statuses(), await outcomes()]).toEqual([['misconfigured'], [{ outcome: 'app_refused' }]]);
  });

  it('is repeated as soon as the platform accepts a new secret of the app', async () => {
    expect(await revocations()).toEqual(['fault']);
    await flow.get(UpdateOAuthApp).execute({ tenant: flow.tenant, id: app, clientSecret: new Secret(CLIENT_SECRET) });
    // The new secret is checked at the platform after the change was answered.
    const areRepeated = async (): Promise<void> => {
      expect(await revocations()).toEqual(['fault', 'ok']);
    };
    await pRetry(areRepeated, {
      retries: 100,
      factor: 1,
      minTimeout: 50,
    });
    expect([await statuses(), await outcomes()]).toEqual([['misconfigured', 'active'], []]);
  });

  it('is repeated without a change of the app too, and its success marks the app active', async () => {
    expect(await revocations()).toEqual(['fault']);
    await flow.pass(19 * 60);
    expect(await revocations()).toEqual(['fault', 'ok']);
    expect([await statuses(), await outcomes()]).toEqual([['misconfigured', 'active'], []]);
  });
});

it('A refusal of the app at a call that no document has proves nothing about the app, and is tried again.', async () => {
  await flow.begin();
  await flow.app('linkedin', { isDefault: true });
  const id = await flow.connect('linkedin');
  await flow.fault({ provider: 'linkedin', endpoint: 'revoke', status: 401, body: { error: 'invalid_client' } });
  await disconnect(id);
  expect(await revocations()).toEqual(['fault']);
  expect([await statuses(), await outcomes()]).toEqual([[], [{ outcome: 'app_refused' }]]);
  await flow.pass(19 * 60);
  expect(await revocations()).toEqual(['fault', 'ok']);
});

it('retries the revocation of a person at a checkpoint, because the tokens work again after it', async () => {
  await flow.begin();
  await flow.app('facebook', { isDefault: true });
  await flow.knobs('facebook', { access_ttl_seconds: 100_000 });
  const id = await flow.connect('facebook');
  const body = { error: { message: 'x', type: 'OAuthException', code: 190, error_subcode: 459 } };
  await flow.fault({ provider: 'facebook', endpoint: 'revoke', status: 400, body });
  await disconnect(id);
  expect(await revocations()).toEqual(['fault']);
  await flow.pass(7);
  expect(await revocations()).toEqual(['fault', 'ok']);
  expect(await statuses()).toEqual([]);
});
