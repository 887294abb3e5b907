import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DisconnectAccount, StartReauth, SweepAttempts } from '#accounts';
import { PROVIDER_NAMES, providerOf } from '#providers';
import { attemptsOf } from './support/flow-rows.js';
import { makeProject } from './support/rows.js';
import { Flow, type SandboxCall } from './support/flow.js';

/** Every situation in which tokens are destroyed, at every platform that has a call to revoke them: real exchanger, real socket. */
let flow: Flow;
beforeAll(async () => { flow = await Flow.open(1, { exchanger: 'process' }); });
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const imitated = PROVIDER_NAMES.map(providerOf).filter(({ liveOnly }) => !liveOnly);
const revoking = imitated.filter((provider) => provider.revoke !== undefined).map(({ name }) => name);
const withProfiles = imitated.filter((provider) => revoking.includes(provider.name) && provider.profiles).map(({ name }) => name);

/** There, another app's consent makes another account. */
const APP_SCOPED_IDS = ['tiktok', 'linkedin'];

/** The calls to revoke that the platform got, once every revocation that began has ended. */
async function revocations(): Promise<SandboxCall[]> {
  await flow.revoked();
  return flow.calls('revoke');
}

const once = [expect.objectContaining({ outcome: 'ok', status: 200 })];

describe.each(revoking)('tokens of %s are revoked at the platform', (provider) => {
  beforeEach(() => flow.app(provider, { isDefault: true }));

  it('when their account is disconnected', async () => {
    const id = await flow.connect(provider);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    expect(await revocations()).toEqual(once);
  });

  it('when a reauthorization signs in as another person', async () => {
    const id = await flow.connect(provider, 'happy');
    const { authorizeUrl } = await flow.get(StartReauth).execute({ tenant: flow.tenant, createdBy: 'a key', id });
    await flow.come(await flow.decide(authorizeUrl, 'paula'));
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'failed', error: 'account_mismatch', sealed: false });
    expect(await revocations()).toEqual(once);
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('when their account was connected again through another app, where ids are the same at all apps', async () => {
    const id = await flow.connect(provider);
    const other = await flow.app(provider);
    const isSame = (await flow.connect(provider, 'happy', { oauthAppId: other })) === id;
    expect(isSame).toBe(!APP_SCOPED_IDS.includes(provider));
    expect(await revocations()).toEqual(isSame ? once : []);
  });

  it('not when the same person has another living account at the same app', async () => {
    const id = await flow.connect(provider);
    const project = await makeProject(flow.pool, flow.tenant);
    await flow.connect(provider, 'happy', { projectId: project });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    expect(await revocations()).toEqual([]);
  });
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
    expect(await revocations()).toEqual(once);
  });

  it('when the consent opened nothing that can be connected', async () => {
    await flow.app(provider, { isDefault: true });
    const { authorizeUrl } = await flow.start(provider);
    await flow.come(await flow.decide(authorizeUrl, 'no-pages'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'no_eligible_account' }]);
    expect(await revocations()).toEqual(once);
  });
});
