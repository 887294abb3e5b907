import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import type { PlatformRequest } from './contract/http.js';
import type { Failure } from './contract/outcome.js';
import type { Provider } from './contract/provider.js';
import { authorizeUrl } from './oauth/authorize-url.js';
import { readIdentityAnswer, readTokenAnswer } from './oauth/read-answer.js';
import { PROVIDER_NAMES, providerOf } from './registry.js';
import { type Endpoint, personas, Refusal, type RefusalReason, type SandboxDefinition, sandboxes } from './sandbox.js';

const app = { clientId: 'the-client-id', clientSecret: new Secret('the-client-secret') };
const tokens = { app, accessToken: new Secret('the-access-token'), refreshToken: new Secret('the-refresh-token') };
const verifier = new Secret('the-verifier-that-has-at-least-forty-three-characters');
const REDIRECTS = ['https://us.example/v1/oauth/callback', 'http://localhost:3000/v1/oauth/callback'];

/** The requests of the service to a platform, by the sandbox's name of the endpoint. */
function requestsOf(provider: Provider): (readonly [Endpoint['endpoint'], PlatformRequest])[] {
  const { token, refresh, identity, probe, profiles, scopes } = provider;
  return [
    ['token', token.exchange({ app, code: new Secret('the-code'), redirectUri: REDIRECTS[0]!, verifier })],
    ['token', refresh.request(tokens)],
    ['identity', identity.request(tokens.accessToken, scopes.default)],
    ['probe', probe.request({ ...tokens, scopes: scopes.default, platformAccountId: '1' })],
    ...(token.prolong ? ([['token', token.prolong(tokens)]] as const) : []),
    ...(profiles ? ([['profiles', profiles.request(tokens.accessToken, null, profiles.sizes[0])]] as const) : []),
    ...(provider.revoke ? ([['revoke', provider.revoke(tokens)]] as const) : []),
  ];
}

const endpointOf = ({ endpoints }: SandboxDefinition, request: PlatformRequest): Endpoint | undefined => {
  const { method, url } = request.reveal();
  return endpoints.find((endpoint) => endpoint.method === method && endpoint.url === url.split('?')[0]);
};

/** A refusal as a sentence: what the definition sends and what the imitation demands differ. */
function readConsent({ authorize }: SandboxDefinition, query: Record<string, string>): unknown {
  try {
    return authorize.read(query);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `the imitation refuses the consent that the definition requests: ${error.message}`;
  }
}

const imitations = PROVIDER_NAMES.map(
  (name) => [name, providerOf(name), sandboxes.find((sandbox) => sandbox.name === name)!] as const,
);

describe('the imitations', () => {
  it('has one sandbox for each platform of the registry', () => {
    expect(sandboxes.map(({ name }) => name).sort()).toEqual([...PROVIDER_NAMES].sort());
  });
});

describe.each(imitations.filter(([, , sandbox]) => sandbox as unknown))(
  'the imitation of %s',
  (_name, provider, sandbox) => {
    it('has the title and the authorize page of the definition', () => {
      expect([sandbox.title, sandbox.authorize.url]).toEqual([provider.title, provider.authorize.url]);
    });

    it('answers at every address that the definition calls', () => {
      const unanswered = requestsOf(provider).filter(([, request]) => !endpointOf(sandbox, request));
      expect(unanswered.map(([what, request]) => `${what}: ${String(request)}`)).toEqual([]);
    });

    it('has every scope that is requested', () => {
      expect(provider.scopes.default.filter((scope) => !Object.hasOwn(sandbox.scopes, scope))).toEqual([]);
    });

    it.each(REDIRECTS)('understands the consent that is requested, with %s', (redirectUri) => {
      const { searchParams } = new URL(
        authorizeUrl(provider, {
          clientId: app.clientId,
          redirectUri,
          scopes: provider.scopes.default,
          state: new Secret('the-state'),
          verifier,
        }),
      );
      expect(readConsent(sandbox, Object.fromEntries(searchParams))).toMatchObject({
        clientId: app.clientId,
        redirectUri,
        scopes: provider.scopes.default,
        state: 'the-state',
      });
    });

    it('lets people deny in a way that is understood', () => {
      expect(provider.authorize.denials).toContain(sandbox.authorize.denied().error);
    });

    it('gives a reason, for people, for each persona that cannot happen there', () => {
      const { impossiblePersonas } = sandbox;
      expect(Object.keys(impossiblePersonas).filter((key) => !personas.some((persona) => persona.key === key))).toEqual(
        [],
      );
      expect(Object.values(impossiblePersonas).filter((reason) => reason.length < 10)).toEqual([]);
    });

    describe('refuses in words that the definition understands:', () => {
      const calls = {
        exchange: [
          provider.token.exchange({ app, code: new Secret('the-code'), redirectUri: REDIRECTS[0]!, verifier }),
          readTokenAnswer,
        ],
        refresh: [provider.refresh.request(tokens), readTokenAnswer],
        identity: [provider.identity.request(tokens.accessToken, provider.scopes.default), readIdentityAnswer],
      } as const;

      /** What is made of the platform's no. */
      const failure = (call: keyof typeof calls, reason: RefusalReason): Partial<Failure> => {
        const [request, read] = calls[call];
        const { status, headers = {}, body } = endpointOf(sandbox, request)!.refuse(new Refusal(reason, 'something'));
        const outcome = read(provider, {
          status,
          headers,
          body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        });
        return outcome.ok ? { reason: 'taken for a success' } : outcome.failure;
      };
      const meaning = (call: keyof typeof calls, reason: RefusalReason): unknown => failure(call, reason).class;

      it.each(['unknown_token', 'expired_token', 'revoked_grant'] as const)(
        'a refresh with a token that is revoked (%s) is permanent',
        (reason) => {
          expect(meaning('refresh', reason)).toBe('permanent');
        },
      );

      it.each(['unknown_token', 'expired_token', 'revoked_token', 'revoked_grant'] as const)(
        'a call with a token that is revoked (%s) is permanent',
        (reason) => {
          expect(meaning('identity', reason)).toBe('permanent');
        },
      );

      it('a missing scope is a permission', () => {
        expect(meaning('identity', 'missing_scope')).toBe('permission');
      });

      it('a failure of the platform is temporary', () => {
        expect(meaning('refresh', 'server_error')).toBe('temporary');
      });

      it.each(['exchange', 'refresh'] as const)(
        'a wrong secret (%s) is about the app, and never about the person',
        (call) => {
          expect(failure(call, 'wrong_client_secret')).toMatchObject({ class: 'app', reason: 'app_misconfigured' });
        },
      );

      it('a refresh too many is a limit that passes within two minutes', () => {
        const { retryAfter, ...limit } = failure('refresh', 'too_many_requests');
        expect(limit).toMatchObject({ class: 'temporary', reason: 'rate_limited' });
        expect(retryAfter).toBeGreaterThan(0);
        expect(retryAfter).toBeLessThanOrEqual(120);
      });

      it('an exchange too many is a limit', () => {
        expect(failure('exchange', 'too_many_requests')).toMatchObject({ class: 'temporary', reason: 'rate_limited' });
      });

      if (sandbox.billsCalls) {
        it('spent credits pause the app', () => {
          expect(failure('identity', 'credits_depleted')).toMatchObject({ class: 'app', reason: 'app_paused' });
        });
      }
    });
  },
);
