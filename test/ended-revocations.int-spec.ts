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
