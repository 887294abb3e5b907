import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, REFUSED } from '../../../../test/support/flow.js';
import { eventsOf, grantOf, outboxOf, tenantEvents } from '../../../../test/support/flow-rows.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { Vault } from '#tokens';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const REFUSED_CLIENT = { status: 401, body: { error: 'invalid_client' } };
const OTHER = 'paula';
const refreshes = () => flow.calls('token', 'refresh_token');
const refresh = async (id: string, forced = false) => flow.exchange().refresh((await grantOf(flow, id)).id, { forced });
const historyOf = async (id: string): Promise<string[]> =>
  (await eventsOf(flow, id)).map(({ type, data }) =>
    type === 'account.health_changed' ? `${String(data.previous)} → ${String(data.health)}` : type,
  );

async function due(persona = 'happy'): Promise<string> {
  const id = await flow.connect('x', persona);
  await flow.pass(102);
  return id;
}

describe('a platform that fails', () => {
  it('degrades the account, for days if need be, and never ends it: it is active again afterwards', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', times: 14, status: 500 });
    for (let failure = 1; failure <= 14; failure += 1) {
      expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
      expect(await flow.healthOf(id)).toEqual(['degraded', 'provider_unavailable']);
      const grant = await grantOf(flow, id);
      expect(grant).toMatchObject({ state: 'backoff', attempt: failure, version: '1', strikes: 0 });
      expect(grant.dueIn).toBeLessThanOrEqual(10 * 60);
      await flow.pass(failure < 10 ? Math.max(grant.dueIn, 0) + 1 : 12 * 60 * 60);
    }
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await historyOf(id)).toEqual([
      'account.connected',
      'active → degraded',
      'degraded → active',
      'account.refreshed',
    ]);
  });

  it('receives no request before the time that it named itself', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', status: 429, headers: { 'retry-after': '1200' } });
    const { retryAfter } = (await refresh(id)) as { retryAfter: number };
    expect(retryAfter).toBeGreaterThanOrEqual(1_200);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'rate_limited']);
    await flow.pass(1_195);
    expect(await refresh(id)).toEqual({ kind: 'nothing_to_do' });
    await flow.pass(retryAfter - 1_195 + 1);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it.each([
    ['HTML with status 403', { status: 403, body: '<html>' }],
    ['an unknown error', { status: 400, body: { error: 'something_new' } }],
  ])('an answer with %s is a temporary failure', async (_, fault) => {
    const id = await due();
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect((await flow.healthOf(id))[0]).toBe('degraded');
    expect(await grantOf(flow, id)).toMatchObject({ state: 'backoff', strikes: 0 });
  });
});

describe('an answer that is lost', () => {
  it('after the platform rotated cannot be had again: reauthorize after a second check, and the access token is served to its end', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', drop: 'after' });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
    expect(await refreshes()).toMatchObject([{ outcome: 'ok', connection_cut: true }, { outcome: 'spent_token' }]);
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'refresh_outcome_unknown']);
    const { id: grantId, sealedVersion } = await grantOf(flow, id);
    expect(sealedVersion).toBe('1');
    expect(
      (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId }))?.access.reveal(),
    ).toMatch(/.{20}/);
    expect((await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('before the platform received the request is recovered by one more request, at once', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', drop: 'before' });
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect((await refreshes()).map(({ outcome }) => outcome)).toEqual(['ok']);
    expect(await flow.calls('token')).toHaveLength(3);
  });

  it('twice is requested again later, and reported as unknown until then', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', times: 2, drop: 'before' });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'unknown' });
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('is recorded while the platform fails, and is a lost one when it then refuses', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    await flow.pass(6_060);
    await flow.fault({ endpoint: 'token', drop: 'after' });
    await flow.fault({ endpoint: 'token', status: 503 });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'backoff' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'provider_unavailable']);
    await flow.pass(120);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
  });
});

describe('an app that is refused', () => {
  it('is misconfigured with one event; its accounts are active until their tokens end, and heal by themselves', async () => {
    await flow.knobs('x', { access_ttl_seconds: 600 });
    const accounts = [await flow.connect('x'), await flow.connect('x', OTHER)] as const;
    await flow.pass(510);
    await flow.fault({ endpoint: 'token', times: 2, ...REFUSED_CLIENT });
    for (const id of accounts) expect(await refresh(id)).toMatchObject({ kind: 'app_paused' });
    for (const id of accounts) expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await tenantEvents(flow)).toMatchObject([
      { type: 'oauth_app.status_changed', data: { status: 'misconfigured' } },
    ]);

    await flow.pass(301);
    for (const id of accounts) await refresh(id);
    for (const id of accounts) expect(await flow.healthOf(id)).toEqual(['degraded', 'app_misconfigured']);

    await flow.pass(301);
    for (const id of accounts) expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    for (const id of accounts) expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect((await tenantEvents(flow)).map(({ data }) => data.status)).toEqual(['misconfigured', 'active']);
  });

  it('an app without credits is paused as long as the platform requests, and nothing is sent for its accounts meanwhile', async () => {
    const [one, other] = [await due(), await flow.connect('x', OTHER)];
    await flow.pass(102);
    await flow.fault({
      endpoint: 'token',
      status: 402,
      body: { title: 'CreditsDepleted' },
      headers: { 'retry-after': '900' },
    });
    expect(await refresh(one)).toMatchObject({ kind: 'app_paused' });
    expect(await refresh(other)).toMatchObject({ kind: 'app_paused', retryAfter: 900 });
    expect(await refreshes()).toEqual([]);
    await flow.pass(901);
    expect(await refresh(other)).toEqual({ kind: 'refreshed' });
    expect((await tenantEvents(flow)).map(({ data }) => data.status)).toEqual(['paused', 'active']);
  });
});

describe('a strike whose app is paused', () => {
  it('keeps its own time, and is reported as the pause once the access token has expired', async () => {
    await flow.knobs('x', { access_ttl_seconds: 300 });
    const [one, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(270);
    await flow.revoke();
    expect(await refresh(one)).toEqual({ kind: 'refused' });
    const { due: itsOwn } = await grantOf(flow, one);
    await flow.fault({
      endpoint: 'token',
      status: 402,
      body: { title: 'CreditsDepleted' },
      headers: { 'retry-after': '21600' },
    });
    expect(await refresh(other, true)).toMatchObject({ kind: 'app_paused' });
    expect(await refresh(one, true)).toMatchObject({ kind: 'app_paused' });
    expect(await flow.healthOf(one)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(61);
    expect(await refresh(one)).toMatchObject({ kind: 'app_paused' });
    expect(await flow.healthOf(one)).toEqual(['degraded', 'app_paused']);
    expect(await grantOf(flow, one)).toMatchObject({ state: 'confirm', due: itsOwn });
  });
});

describe('a refusal by the platform', () => {
  it('is confirmed a minute later before a reconnect is requested, and reported once', async () => {
    const id = await due();
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    const { dueIn } = await grantOf(flow, id);
    expect(dueIn).toBeGreaterThan(50);
    expect(dueIn).toBeLessThanOrEqual(60);
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    const history = ['account.connected', 'active → degraded', 'degraded → needs_reauth', 'connection.revoked'];
    expect(await historyOf(id)).toEqual(history);
    expect(await outboxOf(flow, id)).toEqual(await eventsOf(flow, id));
  });

  it('is not confirmed by a second forced refresh at once', async () => {
    const id = await due();
    await flow.revoke();
    for (let press = 0; press < 4; press += 1) expect(await refresh(id, true)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });

  it('is doubted while the API still takes the access token, and healthy after an ok', async () => {
    await flow.knobs('x', { access_ttl_seconds: 20_000 });
    const id = await flow.connect('x');
    await flow.pass(17_000);
    await flow.fault({ endpoint: 'token', times: 3, ...REFUSED });
    for (let strike = 1; strike <= 3; strike += 1) {
      expect(await refresh(id)).toEqual({ kind: 'refused' });
      expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'confirm', strikes: strike });
      await flow.pass(901);
    }
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await grantOf(flow, id)).toMatchObject({ strikes: 0 });
  });

  it('decides by time where the access token has ended: 65 minutes, if no other account shows that the platform works', async () => {
    const id = await flow.connect('x');
    await flow.pass(130);
    await flow.fault({ endpoint: 'token', times: 9, ...REFUSED });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    await flow.pass(901);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(2_700);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(300);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });

  it('decides within a quarter of an hour where another account of the app shows that it works', async () => {
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(130);
    await flow.fault({ endpoint: 'token', ...REFUSED });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await refresh(other)).toEqual({ kind: 'refreshed' });
    await flow.pass(901);
    await flow.fault({ endpoint: 'token', ...REFUSED });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    expect(await flow.healthOf(other)).toEqual(['active', null]);
  });

  it('a wrong revocation is undone: ended grants are tried once more after an hour and after a day', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', times: 3, ...REFUSED });
    await flow.fault({ endpoint: 'identity', times: 2, status: 401 });
    await refresh(id);
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    await refresh(id);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    await flow.pass(3_601);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    await flow.pass(3_601);
    expect(await refresh(id)).toEqual({ kind: 'nothing_to_do' });
    await flow.pass(86_401);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect((await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('a last refusal ends the retries', async () => {
    const id = await due();
    await flow.revoke();
    for (const pause of [61, 3_601, 86_401]) {
      await refresh(id);
      await flow.pass(pause);
      await acceptElsewhere(flow.pool);
    }
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'ended', due: null });
    const calls = (await refreshes()).length;
    expect(await refresh(id, true)).toEqual({ kind: 'refused' });
    expect(await refreshes()).toHaveLength(calls);
    expect(await flow.connect('x')).toBe(id);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});

describe('a refresh token that another installation with the same app has spent', () => {
  it('is reported at once where the token was ours a moment ago and the API accepts its access token, and decides nothing', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    await flow.pass(6_100);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    await flow.pass(120);
    await flow.fault({ endpoint: 'token', ...REFUSED });
    expect(await refresh(id, true)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'rotated_elsewhere']);
  });

  it('is the reason where the API accepted the access token until it expired, and not a revocation', async () => {
    const id = await due();
    await flow.fault({ endpoint: 'token', times: 9, ...REFUSED });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    for (const wait of [1_801, 2_100]) {
      await flow.pass(wait);
      expect(await refresh(id)).toEqual({ kind: 'refused' });
    }
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'rotated_elsewhere']);
    const reported = (await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked');
    expect(reported.map(({ data }) => data)).toEqual([{ reason: 'rotated_elsewhere' }]);
  });
});

describe('a grant whose provider the file of the operator does not define any more', () => {
  it('waits and shows it, and is refreshed when the provider is defined again', async () => {
    const id = await due();
    const { id: grantId } = await grantOf(flow, id);
    await flow.pool.query(`update grants set provider = 'removed' where id = $1`, [grantId]);
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await refresh(id)).toEqual({ kind: 'nothing_to_do' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'provider_unavailable']);
    await flow.pool.query(`update grants set provider = 'x' where id = $1`, [grantId]);
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});
