import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure, ProbeReading } from '../contract/outcome.js';
import type { Profile, Provider } from '../contract/provider.js';
import { providerOf, PROVIDER_NAMES } from '../registry.js';
import { readProbeAnswer, readProfilesAnswer } from './read-answer.js';

const REVOKED: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'revoked' };
const page: Profile = {
  platformAccountId: '1',
  handle: null,
  displayName: null,
  avatarUrl: null,
  accessToken: new Secret('a'),
  ineligible: null,
};
const contains = (json: unknown, word: string): boolean => JSON.stringify(json ?? null).includes(word);

/** A platform whose probe answers 200 in either case, and which lists pages. */
const provider: Provider = {
  ...providerOf(PROVIDER_NAMES[0]),
  probe: {
    ...providerOf(PROVIDER_NAMES[0]).probe,
    read(json): ProbeReading | undefined {
      if (contains(json, 'inactive')) return { ok: false, failure: REVOKED };
      return contains(json, 'active') ? { ok: true, scopes: ['read'] } : undefined;
    },
  },
  profiles: {
    sizes: [10],
    request: () => {
      throw new Error('is not sent here');
    },
    read: (json) => (contains(json, 'pages') ? { profiles: [page], after: 'next' } : undefined),
  },
  classify: { token: () => undefined, api: ({ json }) => (contains(json, 'revoked') ? REVOKED : undefined) },
};
const answer = (status: number, body: unknown): PlatformAnswer => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});

describe('the answer of a probe', () => {
  it("is what the platform's own reading makes of it, good or bad", () => {
    expect(readProbeAnswer(provider, answer(200, { is: 'active' }))).toEqual({ ok: true, scopes: ['read'] });
    expect(readProbeAnswer(provider, answer(200, { is: 'inactive' }))).toEqual({ ok: false, failure: REVOKED });
  });

  it('is what its refusal means where the reading has no word on it', () => {
    expect(readProbeAnswer(provider, answer(200, { is: 'revoked' }))).toEqual({ ok: false, failure: REVOKED });
    expect(readProbeAnswer(provider, answer(401, { is: 'revoked' }))).toEqual({ ok: false, failure: REVOKED });
  });

  it.each([500, 503, 429, 408])('decides nothing about an account with status %i, whatever the body', (status) => {
    for (const is of ['active', 'inactive', 'revoked']) {
      expect(readProbeAnswer(provider, answer(status, { is }))).toMatchObject({
        ok: false,
        failure: { class: 'temporary' },
      });
    }
  });

  it('is temporary where no table lists it', () => {
    expect(readProbeAnswer(provider, answer(403, { is: 'new' }))).toMatchObject({
      ok: false,
      failure: { class: 'temporary', code: 'http_403' },
    });
  });
});

describe('a list of profiles', () => {
  it('is read page by page', () => {
    expect(readProfilesAnswer(provider, answer(200, { pages: 1 }))).toEqual({
      ok: true,
      profiles: [page],
      after: 'next',
      unusable: 0,
    });
  });

  it('is a failure where the platform refuses, fails or has none', () => {
    expect(readProfilesAnswer(provider, answer(400, { is: 'revoked' }))).toEqual({ ok: false, failure: REVOKED });
    expect(readProfilesAnswer(provider, answer(500, { pages: 1 }))).toMatchObject({
      ok: false,
      failure: { class: 'temporary' },
    });
    const alone = Object.fromEntries(Object.entries(provider).filter(([field]) => field !== 'profiles'));
    expect(readProfilesAnswer(alone as unknown as Provider, answer(200, { pages: 1 }))).toMatchObject({
      ok: false,
      failure: { class: 'temporary' },
    });
  });
});

describe.each(PROVIDER_NAMES.map((name) => [name, providerOf(name)] as const))(
  'the probe of %s',
  (_name, { probe, profiles, scopes }) => {
    const app = { clientId: 'the-client-id', clientSecret: new Secret('the-client-secret') };
    const input = {
      app,
      accessToken: new Secret('the-access-token'),
      scopes: scopes.default,
      platformAccountId: '17841400000000000',
    };

    it('goes to the platform over https, at most once an hour, and prints nothing of what it carries', () => {
      const request = probe.request(input);
      expect(new URL(request.reveal().url).protocol).toBe('https:');
      expect(JSON.stringify(request.reveal())).toContain('the-access-token');
      expect(`${String(request)} ${JSON.stringify(request)}`).not.toContain('the-');
      expect(probe.every).toBeGreaterThanOrEqual(3_600_000);
    });

    it('takes an empty answer as no success', () => {
      for (const json of [undefined, null, {}, [], '', { data: {} }, { error: 'x' }])
        expect(probe.read(json)?.ok).not.toBe(true);
      for (const json of [undefined, null, {}, '']) expect(profiles?.read(json)).toBeUndefined();
    });
  },
);
