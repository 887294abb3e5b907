import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthorizationServer } from './authorization-server.js';
import type { RefreshUse, SeededGrant, ServerKind } from './contract.js';
import { shapes } from './fault-shapes.js';
import { fingerprint } from './fingerprint.js';

interface Answer {
  status: number;
  text: string;
  headers: Headers;
}
interface Pair {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

const { client } = AuthorizationServer;
const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;

describe.each<ServerKind>(['oidc-provider', 'oauth2-server'])('the authorization server %s', (kind) => {
  let server: AuthorizationServer;

  beforeAll(async () => {
    server = await AuthorizationServer.start({ kind });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await server.heal();
    await server.turn({ graceSeconds: 0, delayBefore: 0, delayAfter: 0, accessTokenLife: 7_200 });
  });

  async function refresh(
    refreshToken: string,
    options: { authorization?: string; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: client.id,
    });
    const headers = { authorization: options.authorization ?? basic };
    const response = await fetch(server.endpoints.token, { method: 'POST', body, headers, signal: options.signal });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
  async function rotate(refreshToken: string): Promise<Pair> {
    const { status, text } = await refresh(refreshToken);
    expect(status).toBe(200);
    return JSON.parse(text) as Pair;
  }
  const me = (accessToken: string): Promise<Response> =>
    fetch(server.endpoints.userinfo, { headers: { authorization: `Bearer ${accessToken}` } });
  const one = async (): Promise<SeededGrant> => (await server.seed(1))[0]!;
  const truthOf = async ({ userId }: SeededGrant) => (await server.truth()).find((truth) => truth.userId === userId)!;
  const usesOf = async ({ userId }: SeededGrant): Promise<RefreshUse[]> =>
    (await server.uses()).filter((use) => use.userId === userId);
  const resultsOf = async (grant: SeededGrant) => (await usesOf(grant)).map(({ result }) => result);
  const error = ({ status, text }: Answer) => [status, (JSON.parse(text) as { error: string }).error];

  it("seeds people whose tokens work, and reports each one's current refresh token", async () => {
    const grants = await server.seed(3);
    expect(new Set(grants.map(({ userId }) => userId)).size).toBe(3);
    for (const grant of grants) {
      expect(await truthOf(grant)).toEqual({
        userId: grant.userId,
        leaf: fingerprint(grant.refreshToken),
        revoked: false,
      });
      const answer = await me(grant.accessToken);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        expect.objectContaining({ sub: grant.userId, preferred_username: grant.userId }),
      ]);
    }
  });

  it('rotates to a new pair that works, and reports the new one', async () => {
    const grant = await one();
    const first = await rotate(grant.refreshToken);
    const second = await rotate(first.refresh_token);
    expect(new Set([grant.refreshToken, first.refresh_token, second.refresh_token]).size).toBe(3);
    expect(second.expires_in).toBeGreaterThan(7_190);
    expect((await me(second.access_token)).status).toBe(200);
    expect(await truthOf(grant)).toMatchObject({ leaf: fingerprint(second.refresh_token), revoked: false });
    expect(await resultsOf(grant)).toEqual(['rotated', 'rotated']);
  });

  it('refuses an old refresh token; oidc-provider revokes the whole grant for it', async () => {
    const grant = await one();
    const { refresh_token: leaf, access_token: access } = await rotate(grant.refreshToken);
    expect(error(await refresh(grant.refreshToken))).toEqual([400, 'invalid_grant']);
    const uses = await usesOf(grant);
    expect(uses.map(({ result }) => result)).toEqual(['rotated', 'refused']);
    expect(new Set(uses.map((use) => use.fingerprint))).toEqual(new Set([fingerprint(grant.refreshToken)]));
    const kills = kind === 'oidc-provider';
    expect(await truthOf(grant)).toEqual({
      userId: grant.userId,
      leaf: kills ? null : fingerprint(leaf),
      revoked: kills,
    });
    expect([(await me(access)).status, (await refresh(leaf)).status]).toEqual(kills ? [401, 400] : [200, 200]);
  });

  it('answers an old one with the same pair within the grace, and not after it', async () => {
    await server.turn({ graceSeconds: 30 });
    const grant = await one();
    const first = await rotate(grant.refreshToken);
    expect(await rotate(grant.refreshToken)).toEqual(first);
    expect(await truthOf(grant)).toMatchObject({ leaf: fingerprint(first.refresh_token) });
    await server.turn({ graceSeconds: 0 });
    expect(error(await refresh(grant.refreshToken))).toEqual([400, 'invalid_grant']);
    expect(await resultsOf(grant)).toEqual(['rotated', 'repeated', 'refused']);
  });

  it('refuses within the grace too, once the new pair has been used', async () => {
    await server.turn({ graceSeconds: 30 });
    const grant = await one();
    await rotate((await rotate(grant.refreshToken)).refresh_token);
    expect((await refresh(grant.refreshToken)).status).toBe(400);
  });

  it('never rotates one token twice, however many send it at once', async () => {
    await server.turn({ graceSeconds: 30, delayBefore: 20 });
    const grant = await one();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => rotate(grant.refreshToken)));
    expect(new Set(answers.map(({ refresh_token: token }) => token)).size).toBe(1);
    expect((await resultsOf(grant)).sort()).toEqual(['repeated', 'repeated', 'repeated', 'repeated', 'rotated']);
  });

  it('rotates for a client that did not wait, too', async () => {
    await server.turn({ delayBefore: 200, delayAfter: 60_000 });
    const grant = await one();
    await expect(refresh(grant.refreshToken, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    await until(async () => (await resultsOf(grant))[0] === 'rotated');
    expect((await truthOf(grant)).leaf).not.toBe(fingerprint(grant.refreshToken));
  });

  it.each([
    ['503', shapes.status(503), 503, ''],
    ['a page', shapes.html(403), 403, '<h1>'],
    ['429 with seconds', shapes.rateLimited(90), 429, ''],
    ['429 until a time', shapes.rateLimitedUntil(new Date(1_800_000_000_000)), 429, ''],
    ['JSON of another kind', shapes.wrongJson(), 200, '"access_token":42'],
    ['torn JSON', shapes.tornJson(), 200, '"abc'],
    ['nothing', shapes.empty(), 200, ''],
    ['invalid_client', shapes.oauthError('invalid_client', 401), 401, '"invalid_client"'],
  ])('answers %s when that is scripted, without a check of the token', async (_what, fault, status, text) => {
    const grant = await one();
    await server.script([fault]);
    const answer = await refresh(grant.refreshToken);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
    if (fault.kind === 'answer') expect(answer.headers.get('retry-after')).toBe(fault.headers?.['retry-after'] ?? null);
    expect(await usesOf(grant)).toMatchObject([{ result: 'unseen', fault: 'answer' }]);
    await rotate(grant.refreshToken);
  });

  it.each(['gzip', 'deflate', 'br'] as const)('can compress a right answer with %s', async (how) => {
    const grant = await one();
    await server.script([shapes.rewrite(how)]);
    const answer = await refresh(grant.refreshToken);
    expect(answer.headers.get('content-encoding')).toBe(how);
    const { refresh_token: next } = JSON.parse(answer.text) as Pair;
    expect(await truthOf(grant)).toMatchObject({ leaf: fingerprint(next) });
  });

  it('can put control characters and broken Unicode beside the right tokens', async () => {
    const grant = await one();
    await server.script([shapes.rewrite('poison')]);
    const answer = JSON.parse((await refresh(grant.refreshToken)).text) as Pair & { scope: string };
    expect(answer.scope).toContain('\u0000');
    expect(await truthOf(grant)).toMatchObject({ leaf: fingerprint(answer.refresh_token) });
  });

  it('can fail at the first use of each token alone', async () => {
    await server.turn({ graceSeconds: 30 });
    const grant = await one();
    await server.always(shapes.gatewayTimeout());
    const statuses = [await refresh(grant.refreshToken), await refresh(grant.refreshToken)].map(({ status }) => status);
    expect(statuses).toEqual([504, 200]);
    expect(await resultsOf(grant)).toEqual(['rotated', 'repeated']);
  });

  it('can lose the answer after the rotation', async () => {
    const grant = await one();
    await server.script([shapes.reset('after')]);
    await expect(refresh(grant.refreshToken)).rejects.toThrow('fetch failed');
    expect(await usesOf(grant)).toMatchObject([{ result: 'rotated', fault: 'reset' }]);
    expect((await truthOf(grant)).leaf).not.toBe(fingerprint(grant.refreshToken));
  });

  it('can hang until it is healed, and be late', async () => {
    const grant = await one();
    await server.always(shapes.hang());
    const hanging = refresh(grant.refreshToken).catch(() => 'reset');
    await until(async () => (await resultsOf(grant)).length === 1);
    expect(await Promise.race([hanging, pause(100)])).toBe('still waiting');
    await server.heal();
    expect(await hanging).toBe('reset');
    await server.script([null, shapes.slow(0.3)]);
    const { refresh_token: next } = await rotate(grant.refreshToken);
    const before = performance.now();
    await rotate(next);
    expect(performance.now() - before).toBeGreaterThan(290);
  });

  it('follows a script in its order, then answers as by default', async () => {
    const grant = await one();
    await server.always(shapes.status(500));
    await server.script([shapes.status(502), null, shapes.status(504)]);
    const statuses: number[] = [];
    let token = grant.refreshToken;
    for (let call = 0; call < 5; call += 1) {
      const { status, text } = await refresh(token);
      statuses.push(status);
      if (status === 200) token = (JSON.parse(text) as Pair).refresh_token;
    }
    expect(statuses).toEqual([502, 200, 504, 500, 500]);
  });

  it('can fail at the API alone', async () => {
    const grant = await one();
    await server.always(shapes.status(502), 'userinfo');
    expect((await me(grant.accessToken)).status).toBe(502);
    await rotate(grant.refreshToken);
  });

  it('revokes grants, by the person and by RFC 7009, and then refuses both tokens', async () => {
    const [person, app, active] = (await server.seed(3)) as [SeededGrant, SeededGrant, SeededGrant];
    await server.revoke([person.userId]);
    const body = new URLSearchParams({ token: app.refreshToken, client_id: client.id });
    expect(
      (await fetch(server.endpoints.revoke, { method: 'POST', body, headers: { authorization: basic } })).status,
    ).toBe(200);
    for (const grant of [person, app]) {
      expect(await truthOf(grant)).toEqual({ userId: grant.userId, leaf: null, revoked: true });
      const answer = await me(grant.accessToken);
      expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_token' })]);
      expect(error(await refresh(grant.refreshToken))).toEqual([400, 'invalid_grant']);
    }
    expect(await truthOf(active)).toMatchObject({ revoked: false });
    await rotate(active.refreshToken);
  });

  it('refuses a wrong client, and does not change the grant', async () => {
    const grant = await one();
    const wrong = `Basic ${Buffer.from(`${client.id}:wrong`).toString('base64')}`;
    expect(error(await refresh(grant.refreshToken, { authorization: wrong }))).toEqual([401, 'invalid_client']);
    await rotate(grant.refreshToken);
  });

  it('issues access tokens with the set lifetime, which then expire', async () => {
    await server.turn({ accessTokenLife: 2 });
    const grant = await one();
    const { expires_in: life, access_token: access } = await rotate(grant.refreshToken);
    expect([1, 2]).toContain(life);
    await until(async () => (await me(access)).status === 401);
    expect((await me(grant.accessToken)).status).toBe(401);
  });

  it('counts, numbers the uses from one, and reports no token', async () => {
    const grant = await one();
    const before = await server.counters();
    const last = (await server.uses()).length;
    await rotate(grant.refreshToken);
    await refresh(grant.refreshToken);
    await refresh('never-issued');
    expect(await server.counters()).toMatchObject({
      rotations: before.rotations + 1,
      refused: before.refused + 2,
      tokenRequests: before.tokenRequests + 3,
    });
    const uses = await server.uses(last);
    expect(uses.map(({ sequence, userId }) => [sequence - last, userId])).toEqual([
      [1, grant.userId],
      [2, grant.userId],
      [3, null],
    ]);
    expect(JSON.stringify([uses, await server.truth()])).not.toContain(grant.refreshToken);
  });
});

const pause = (milliseconds: number): Promise<string> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds, 'still waiting');
  });

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it never came so');
    await pause(20);
  }
}
