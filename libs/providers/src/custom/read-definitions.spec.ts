import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '#config';
import { readDefinitions } from './read-definitions.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- what an operator may write */
const acme = (): any => ({
  name: 'acme',
  title: 'Acme',
  authorize: { url: 'https://acme.example/authorize', pkce: true },
  token: { url: 'https://acme.example/token', clientAuthentication: 'client_secret_basic' },
  refresh: { mode: 'rotating_strict' },
  identity: { url: 'https://acme.example/me', id: 'sub' },
  scopes: { default: ['openid'] },
});

const changed = (change: (entry: any) => void): unknown => {
  const entry = acme();
  change(entry);
  return entry;
};

function problemsOf(given: unknown): string[] {
  try {
    readDefinitions(given, ['builtin']);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("the operator's list of providers", () => {
  it('needs little, and fills in the rest by the standard', () => {
    expect(readDefinitions([acme()], [])).toMatchObject([
      {
        authorize: { scopeSeparator: ' ' },
        token: { defaultLifeSeconds: null },
        scopes: { required: [] },
        probe: { everySeconds: 86_400 },
      },
    ]);
  });

  it.each([[{}], ['acme'], [null], [7]])('is a list, not %j', (given) => {
    expect(problemsOf(given)).toEqual(['CUSTOM_PROVIDERS_FILE: must hold a list of providers']);
  });

  it.each<[string, (entry: any) => void, string]>([
    [
      'a name with a slash',
      (entry) => {
        entry.name = 'a/b';
      },
      'entry 1 ("a/b"), name: must be 2 to 32',
    ],
    [
      'a built-in name',
      (entry) => {
        entry.name = 'builtin';
      },
      'entry 1 ("builtin"), name: is taken',
    ],
    [
      'a word of a class that is none',
      (entry) => {
        entry.errors = { bad_refresh_token: 'broken' };
      },
      'entry 1 ("acme"), errors.bad_refresh_token: must be permanent, app',
    ],
    [
      'a missing URL',
      (entry) => {
        delete entry.token.url;
      },
      'entry 1 ("acme"), token.url: is needed',
    ],
    [
      'a URL in the clear',
      (entry) => {
        entry.token.url = 'http://acme.example/token';
      },
      'entry 1 ("acme"), token.url: must be an https URL',
    ],
    [
      'a host that only looks like this machine',
      (entry) => {
        entry.identity.url = 'http://localhost.acme.example/me';
      },
      'identity.url: must be an https URL',
    ],
    [
      'a password in a URL',
      (entry) => {
        entry.revoke = { url: 'https://me:hunter2@acme.example/' };
      },
      'revoke.url: must be an https URL',
    ],
    [
      'a line break in a URL',
      (entry) => {
        entry.token.url = 'https://acme.example/\ntoken';
      },
      'token.url: must be an https URL',
    ],
    [
      'no URL',
      (entry) => {
        entry.authorize.url = 'acme';
      },
      'authorize.url: must be an https URL',
    ],
    [
      'a query in the authorize URL',
      (entry) => {
        entry.authorize.url = 'https://acme.example/authorize?a=b';
      },
      'authorize.url: must have no query',
    ],
    [
      "a parameter that is the protocol's",
      (entry) => {
        entry.authorize.parameters = { state: '1' };
      },
      'authorize.parameters: must not hold',
    ],
    [
      'an unknown authentication',
      (entry) => {
        entry.token.clientAuthentication = 'none';
      },
      'token.clientAuthentication: must be client_secret_basic or client_secret_post',
    ],
    [
      'an unknown mode',
      (entry) => {
        entry.refresh.mode = 'extend_self';
      },
      'refresh.mode: must be rotating_strict, rotating_grace, static or none',
    ],
    [
      'a grace without its seconds',
      (entry) => {
        entry.refresh = { mode: 'rotating_grace' };
      },
      'refresh.graceSeconds: must be a whole number of seconds',
    ],
    [
      'seconds without a grace',
      (entry) => {
        entry.refresh.graceSeconds = 9;
      },
      'refresh.graceSeconds: is not a known field',
    ],
    [
      'a word of its own',
      (entry) => {
        entry.authorise = {};
      },
      'entry 1 ("acme"), authorise: is not a known field',
    ],
    [
      'no scopes',
      (entry) => {
        entry.scopes.default = [];
      },
      'scopes.default: must hold at least one',
    ],
    [
      'two scopes in one',
      (entry) => {
        entry.scopes.default = ['a b'];
      },
      'scopes.default.0: must hold no space',
    ],
    [
      'a needed scope that is not requested',
      (entry) => {
        entry.scopes.required = ['posts'];
      },
      'scopes.required: must hold nothing that default does not',
    ],
    [
      'a life of seconds',
      (entry) => {
        entry.token.defaultLifeSeconds = 5;
      },
      'token.defaultLifeSeconds: must be at least 60 seconds',
    ],
    [
      'probes without a pause',
      (entry) => {
        entry.probe = { everySeconds: 0 };
      },
      'probe.everySeconds: must be at least 60 seconds',
    ],
  ])('refuses %s by entry and field, without its value', (_what, change, sentence) => {
    const problems = problemsOf([changed(change)]);
    expect(problems).toEqual([expect.stringContaining(sentence)]);
    expect(problems[0]).toMatch(/^CUSTOM_PROVIDERS_FILE: entry 1/);
    expect(problems[0]).not.toContain('hunter2');
  });

  it.each(['http://localhost:4000/x', 'http://127.0.0.1/x', 'http://[::1]:4000/x'])(
    'accepts unencrypted HTTP on this machine: %s',
    (url) => {
      expect(
        problemsOf([
          changed((entry) => {
            entry.token.url = url;
          }),
        ]),
      ).toEqual([]);
    },
  );

  it('reports every problem of every entry at once', () => {
    const wrong = changed((entry) => {
      entry.name = 'beta';
      entry.title = '';
      delete entry.identity.id;
    });
    expect(problemsOf([acme(), wrong, 'x', acme()])).toEqual([
      'CUSTOM_PROVIDERS_FILE: entry 2 ("beta"), title: must not be empty',
      'CUSTOM_PROVIDERS_FILE: entry 2 ("beta"), identity.id: is needed',
      expect.stringMatching(/^CUSTOM_PROVIDERS_FILE: entry 3, the entry: /),
      'CUSTOM_PROVIDERS_FILE: entry 4 ("acme"), name: is that of entry 1 too',
    ]);
  });
});
