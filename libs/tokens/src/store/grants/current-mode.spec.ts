import { beforeAll, describe, expect, it } from '@jest/globals';
import { registerProviders } from '#providers';
import { currentMode } from './current-mode.js';

const definition = (name: string, refresh: object): object => ({
  name,
  title: name,
  authorize: { url: `https://${name}.example/authorize`, pkce: true },
  token: { url: `https://${name}.example/token`, clientAuthentication: 'client_secret_basic' },
  refresh,
  identity: { url: `https://${name}.example/me`, id: 'id' },
  scopes: { default: ['read'], required: ['read'] },
  probe: { everySeconds: 3_600 },
});

beforeAll(() => {
  registerProviders([
    definition('graceful', { mode: 'rotating_grace', graceSeconds: 30 }),
    definition('keeping', { mode: 'static' }),
  ]);
});

describe('the mode of a stored grant', () => {
  it.each([
    ['a provider that is now known to have a grace period', 'graceful', 'rotating_strict', 'rotating_grace'],
    ['a provider that is now known to rotate', 'x', 'static', 'rotating_strict'],
    ['a provider that lost its grace period', 'x', 'rotating_grace', 'rotating_strict'],
    ['a provider that was seen to rotate what it is defined to keep', 'keeping', 'rotating_strict', 'rotating_strict'],
    ['a grant without a refresh token', 'graceful', 'none', 'none'],
    ['a token that is extended', 'graceful', 'extend_self', 'extend_self'],
    ['a provider that is not defined any more', 'removed', 'static', 'static'],
  ] as const)('follows the present definition of the provider: %s', (_what, provider, mode, current) => {
    expect(currentMode({ provider, mode })).toBe(current);
  });
});
