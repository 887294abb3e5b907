import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DisconnectAccount } from '#accounts';
import { type Fault, Flow } from './support/flow.js';
import { dump } from './support/flow-rows.js';

/** Revocations whose access token has ended, at platforms that revoke access tokens only. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

/** Longer than the sandbox's access tokens live. */
const SECONDS_UNTIL_ENDED = 130;

async function disconnectEnded(refresh?: Partial<Fault>): Promise<void> {
  const id = await flow.connect('tiktok');
  if (refresh) await flow.fault({ provider: 'tiktok', endpoint: 'token', ...refresh });
  await flow.pass(SECONDS_UNTIL_ENDED);
  await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
  await flow.revoked();
}

const outcomesOf = async (endpoint: string): Promise<string[]> =>
  (await flow.calls(endpoint)).map(({ outcome }) => outcome);
const waiting = (): Promise<object[]> =>
  flow.many('select tries, last_outcome as outcome from pending_revocations where workspace_id = $1', [
    flow.tenant.workspaceId,
  ]);

describe('a revocation at TikTok whose access token has ended', () => {
  it('is made with the access token of a refresh', async () => {
    await disconnectEnded();
    expect(await outcomesOf('revoke')).toEqual(['expired_token', 'ok']);
    expect((await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome)).toEqual(['ok']);
    expect(await waiting()).toEqual([]);
  });

  it('keeps the refreshed tokens, sealed, until the platform answers, and refreshes them once', async () => {
    await flow.fault({ provider: 'tiktok', endpoint: 'revoke', status: 400, body: { error: 'invalid_grant' } });
    await flow.fault({ provider: 'tiktok', endpoint: 'revoke', status: 503 });
    await disconnectEnded();
    expect(await waiting()).toEqual([{ tries: 1, outcome: 'unanswered' }]);
    expect(await dump(flow)).not.toMatch(/act\.|rft\./);
    await flow.pass(7);
    await flow.revoked();
    expect(await outcomesOf('revoke')).toEqual(['fault', 'fault', 'ok']);
    expect((await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome)).toEqual(['ok']);
    expect(await waiting()).toEqual([]);
  });

  it('is tried again where the refresh is not answered', async () => {
    await disconnectEnded({ status: 503 });
    expect(await waiting()).toEqual([{ tries: 1, outcome: 'unanswered' }]);
    await flow.pass(7);
    await flow.revoked();
    expect(await outcomesOf('revoke')).toEqual(['expired_token', 'expired_token', 'ok']);
    expect(await waiting()).toEqual([]);
  });

  it('is refused where the platform refuses the refresh token too', async () => {
    const id = await flow.connect('tiktok');
    await flow.revoke('happy', 'tiktok');
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await flow.revoked();
    expect(await outcomesOf('revoke')).toEqual(['revoked_grant']);
    expect((await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome)).toEqual(['revoked_grant']);
    expect(await waiting()).toEqual([{ tries: 1, outcome: 'refused' }]);
  });
});

/** Longer than the pause after any of the first tries. */
const SECONDS_BETWEEN_TRIES = 400;
const MAX_TRIES = 8;

/** Repeats the revocation until it ends; the number of its tries. */
async function triesUntilEnd(): Promise<number> {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    const [revocation] = await flow.many<{ id: string }>('select id from pending_revocations where workspace_id = $1', [
      flow.tenant.workspaceId,
    ]);
    if (!revocation) return tries;
    await flow.pass(SECONDS_BETWEEN_TRIES);
    // Sooner than the next round of the exchanger.
    await flow.exchange().revoke(revocation.id);
    await flow.revoked();
  }
  return MAX_TRIES;
}

const refreshes = async (): Promise<string[]> =>
  (await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome);

const REFUSALS: [string, object][] = [
  ['tiktok', { error: 'invalid_grant', error_description: 'x', log_id: '1' }],
  ['linkedin', { error: 'invalid_request', error_description: 'The token is invalid.' }],
];

describe.each(REFUSALS)('a revocation at %s whose tries are all refused', (provider, body) => {
  const refused = { provider, status: 400, body };
  beforeEach(async () => {
    if (provider === 'linkedin') await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 10 * 24 * 60 * 60 });
  });

  async function disconnect(): Promise<void> {
    const id = await flow.connect(provider);
    await flow.fault({ ...refused, endpoint: 'revoke', times: 50 });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await flow.revoked();
  }

  it('refreshes its tokens once, and revokes the new ones with each later try', async () => {
    await disconnect();
    expect(await triesUntilEnd()).toBe(6);
    expect(await refreshes()).toEqual(['ok']);
    expect(await outcomesOf('revoke')).toHaveLength(7);
  });

  it('refreshes them a second time where the first refresh is refused too, and not again', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ ...refused, endpoint: 'revoke', times: 50 });
    await flow.fault({ ...refused, endpoint: 'token', times: 50 });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await flow.revoked();
    expect(await triesUntilEnd()).toBe(6);
    expect((await outcomesOf('token')).filter((outcome) => outcome === 'fault')).toHaveLength(2);
    expect(await outcomesOf('revoke')).toHaveLength(6);
  });
});

it('A revocation at TikTok refreshes its tokens again where the refreshed access token has ended before the platform answers.', async () => {
  await flow.fault({ provider: 'tiktok', endpoint: 'revoke', status: 400, body: { error: 'invalid_grant' } });
  await flow.fault({ provider: 'tiktok', endpoint: 'revoke', status: 503 });
  await disconnectEnded();
  await flow.pass(SECONDS_UNTIL_ENDED);
  await flow.revoked();
  expect(await outcomesOf('revoke')).toEqual(['fault', 'fault', 'expired_token', 'ok']);
  expect(await refreshes()).toEqual(['ok', 'ok']);
  expect(await waiting()).toEqual([]);
});

it('A revocation at LinkedIn that is refused is repeated once with a refreshed access token.', async () => {
  await flow.app('linkedin', { isDefault: true });
  const id = await flow.connect('linkedin');
  const body = { error: 'invalid_request', error_description: 'The token is invalid.' };
  await flow.fault({ provider: 'linkedin', endpoint: 'revoke', status: 400, body });
  await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
  await flow.revoked();
  expect(await outcomesOf('revoke')).toEqual(['fault', 'ok']);
  expect(await waiting()).toEqual([]);
});
