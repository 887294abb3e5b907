import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { Secret } from '#observability';
import type { PlatformRequest } from './contract/http.js';
import type { Provider } from './contract/provider.js';
import { authorizeUrl } from './oauth/authorize-url.js';
import { readIdentityAnswer, readTokenAnswer } from './oauth/read-answer.js';
import { findProvider, PROVIDER_NAMES, providerOf } from './registry.js';

const app = { clientId: 'the-client-id', clientSecret: new Secret('the-client-secret') };
const tokens = { app, accessToken: new Secret('the-access-token'), refreshToken: new Secret('the-refresh-token') };
const verifier = new Secret('the-verifier-that-has-at-least-forty-three-characters');
const REDIRECTS = ['https://us.example/v1/oauth/callback', 'http://localhost:3000/v1/oauth/callback'];

const requestsOf = (provider: Provider): PlatformRequest[] => [
  provider.token.exchange({ app, code: new Secret('the-code'), redirectUri: REDIRECTS[0]!, verifier }),
  provider.refresh.request(tokens),
  provider.identity.request(tokens.accessToken, provider.scopes.default),
  ...(provider.revoke ? [provider.revoke(tokens)] : []),
];

describe('the registry', () => {
  it('finds every platform by its name, each under one name', () => {
    expect(PROVIDER_NAMES.map((name) => findProvider(name)?.name)).toEqual(PROVIDER_NAMES);
    expect(new Set(PROVIDER_NAMES).size).toBe(PROVIDER_NAMES.length);
  });

  it.each(['', 'unknown', 'constructor', '__proto__', 'toString', PROVIDER_NAMES[0].toUpperCase()])(
    'has no provider called "%s"',
    (name) => {
      expect(findProvider(name)).toBeUndefined();
      expect(() => providerOf(name)).toThrow(`no provider is called "${name}"`);
    },
  );
});

describe.each(PROVIDER_NAMES)('the folder of %s', (name) => {
  const files = ['provider.ts', 'errors.ts', 'sandbox.ts', 'provider.spec.ts', 'errors.spec.ts', 'sandbox.spec.ts'].map(
    (end) => `${name}.${end}`,
  );

  it.each([...files, 'setup.md'])('has the provider %s', (file) => {
    expect(existsSync(new URL(`${name}/${file}`, import.meta.url))).toBe(true);
  });
});

describe.each(PROVIDER_NAMES.map((name) => [name, providerOf(name)] as const))(
  'the definition of %s',
  (_name, provider) => {
    const { authorize, scopes, token, refresh, sources } = provider;

    it('has a name that fits into a path and a title for people', () => {
      expect(provider.name).toMatch(/^[a-z][a-z0-9]*$/);
      expect(provider.title).toMatch(/^\S.*$/);
    });

    it('is reached at addresses of the platform, not at names that are kept for examples', () => {
      const addresses = [authorize.url, ...requestsOf(provider).map((request) => request.reveal().url)];
      const isKept = (address: string): boolean =>
        /(^|\.)(invalid|example|test|localhost)$|^([^.]+\.)?example\.(com|net|org)$/.test(new URL(address).hostname);
      expect(addresses.filter(isKept)).toEqual([]);
    });

    it('names the pages it was read from, and the day', () => {
      expect(sources.checkedAt).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(new Date(sources.checkedAt).toISOString()).toContain(sources.checkedAt);
      expect(sources.urls.map((url) => new URL(url).protocol)).toEqual(sources.urls.map(() => 'https:'));
      const lacks = sources.urls.length > 0 ? [] : ['`sources.urls` names no page that the definition was read from'];
      expect(lacks).toEqual([]);
    });

    it('describes its peculiarities in whole sentences, one each', () => {
      expect(
        (provider.quirks ?? []).filter((quirk) => !/^[A-Z`*].*[\w`)]\.$/.test(quirk) || quirk.includes('\n')),
      ).toEqual([]);
    });

    it('requests scopes, and requires some of them', () => {
      const lacks = [
        ...(scopes.default.length > 0 ? [] : ['`scopes.default` has no scope, so a consent requests nothing']),
        ...(scopes.required.length > 0 ? [] : ['`scopes.required` has no scope, so no account ever misses one']),
      ];
      expect(lacks).toEqual([]);
    });

    it('requests at least what an account cannot do without, each scope once', () => {
      expect(scopes.default).toEqual(expect.arrayContaining([...scopes.required]));
      expect(new Set(scopes.default).size).toBe(scopes.default.length);
      expect(scopes.default.filter((scope) => scope.includes(authorize.scopeSeparator))).toEqual([]);
    });

    it.each(REDIRECTS)(
      'sends people to a page over https, with code, app, redirect URI, scopes and state, for %s',
      (redirectUri) => {
        const url = new URL(
          authorizeUrl(provider, {
            clientId: app.clientId,
            redirectUri,
            scopes: scopes.default,
            state: new Secret('the-state'),
            verifier,
          }),
        );
        expect(url.href.startsWith(`${authorize.url}?`)).toBe(true);
        expect(url.protocol).toBe('https:');
        expect(Object.fromEntries(url.searchParams)).toMatchObject({
          response_type: 'code',
          [authorize.clientIdParameter]: app.clientId,
          redirect_uri: redirectUri,
          scope: scopes.default.join(authorize.scopeSeparator),
          state: 'the-state',
        });
      },
    );

    it.each(REDIRECTS)('sends a challenge that is no verifier, by S256, or none at all, for %s', (redirectUri) => {
      const pkce = authorize.pkce(redirectUri);
      expect([undefined, 'S256']).toContain(pkce?.name);
      expect(pkce?.challenge('the-verifier') ?? '').not.toContain('the-verifier');
    });

    it('recognizes a denied consent', () => {
      expect(authorize.denials).toContain('access_denied');
    });

    it('calls its platform over https, without a secret in a URL where the platform would take it elsewhere', () => {
      for (const { url, method } of requestsOf(provider).map((request) => request.reveal())) {
        const extendsByQuery = refresh.mode === 'extend_self' && method === 'GET' && url.includes('grant_type=');
        expect(new URL(url).protocol).toBe('https:');
        if (!extendsByQuery) expect(url).not.toMatch(/the-(client-secret|access|refresh|code|verifier)/);
      }
    });

    it('posts codes, refresh tokens and secrets as forms', () => {
      const [exchange, renewal] = requestsOf(provider).map((request) => request.reveal());
      expect(exchange).toMatchObject({
        method: 'POST',
        form: { grant_type: 'authorization_code', code: 'the-code', redirect_uri: REDIRECTS[0] },
      });
      const posted =
        refresh.mode === 'extend_self'
          ? {}
          : { method: 'POST', form: { grant_type: 'refresh_token', refresh_token: 'the-refresh-token' } };
      expect(renewal).toMatchObject(posted);
      expect(JSON.stringify(renewal)).toContain(
        refresh.mode === 'extend_self' ? 'the-access-token' : 'the-refresh-token',
      );
    });

    it('prints none of what its requests carry', () => {
      for (const request of requestsOf(provider))
        expect(`${String(request)} ${JSON.stringify(request)}`).not.toContain('the-');
    });

    it('states how long a token is valid where the platform does not, at least a minute', () => {
      expect(token.defaultLife ?? 60).toBeGreaterThanOrEqual(60);
    });

    it('reads tokens and people out of anything without an exception, and finds none in nonsense', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (any) => {
          fc.pre(!/access_token|"id"|open_id/.test(JSON.stringify(any)));
          expect([token.read(any), provider.identity.read(any)]).toEqual([undefined, undefined]);
        }),
      );
    });

    it.each(['', 'constructor', '__proto__', 'toString', 'a_code_of_tomorrow'])(
      'takes the unknown code "%s" for temporary, wherever it stands',
      (code) => {
        const word = JSON.stringify(code);
        const bodies = [
          `{"error":${word}}`,
          `{"error":{"code":${word}}}`,
          `{"code":${word}}`,
          `{"title":${word},"type":${word}}`,
          `{"errors":[{"code":${word}}]}`,
        ];
        for (const body of bodies) {
          const outcomes = [readTokenAnswer, readIdentityAnswer].map((read) =>
            read(provider, { status: 400, headers: {}, body: Buffer.from(body) }),
          );
          expect(outcomes).toMatchObject([
            { ok: false, failure: { class: 'temporary' } },
            { ok: false, failure: { class: 'temporary' } },
          ]);
        }
      },
    );

    it.each([500, 502, 503, 504])('proves nothing about a grant with status %i', (status) => {
      for (const body of ['', '<html>', '{"error":"invalid_grant"}']) {
        expect(readTokenAnswer(provider, { status, headers: {}, body: Buffer.from(body) })).toMatchObject({
          ok: false,
          failure: { class: 'temporary' },
        });
        expect(readIdentityAnswer(provider, { status, headers: {}, body: Buffer.from(body) })).toMatchObject({
          ok: false,
          failure: { class: 'temporary' },
        });
      }
    });

    it('classifies anything with a closed class, a stable reason and a code, and carries no text of the answer', () => {
      const words = fc.constantFrom(
        'invalid_grant',
        'invalid_request',
        'invalid_client',
        'Unauthorized',
        'access_token_invalid',
      );
      fc.assert(
        fc.property(fc.integer({ min: 200, max: 599 }), words, fc.string({ minLength: 9 }), (status, error, text) => {
          const body = JSON.stringify({
            error,
            error_description: `hidden ${text}`,
            title: error,
            detail: `hidden ${text}`,
          });
          for (const outcome of [
            readTokenAnswer(provider, { status, headers: {}, body: Buffer.from(body) }),
            readIdentityAnswer(provider, { status, headers: {}, body: Buffer.from(body) }),
          ]) {
            if (outcome.ok) throw new Error('taken for a success');
            const { failure } = outcome;
            expect(['temporary', 'app', 'permanent', 'owner', 'permission']).toContain(failure.class);
            expect(failure.reason).toMatch(/^[a-z]+(_[a-z]+)*$/);
            expect(JSON.stringify(failure)).not.toContain('hidden');
          }
        }),
      );
    });
  },
);
