import { describe, expect, it } from '@jest/globals';
import { findProvider, PROVIDER_NAMES, registerProviders } from '../registry.js';

const entry = {
  name: 'acme',
  title: 'Acme',
  authorize: { url: 'https://acme.example/authorize', pkce: true },
  token: { url: 'https://acme.example/token', clientAuthentication: 'client_secret_post' },
  refresh: { mode: 'none' },
  identity: { url: 'https://acme.example/me', id: 'id' },
  scopes: { default: ['read'] },
};
const builtIn = [...PROVIDER_NAMES];

describe("the operator's providers in the registry", () => {
  it('registers no provider where no file is named', () => {
    registerProviders(undefined);
    expect(PROVIDER_NAMES).toEqual(builtIn);
  });

  it('registers no provider while one definition is wrong', () => {
    expect(() => {
      registerProviders([entry, { ...entry, name: 'beta', title: 7 }]);
    }).toThrow('entry 2 ("beta"), title');
    expect(findProvider('acme')).toBeUndefined();
  });

  it.each(builtIn)('never take the name of %s', (name) => {
    expect(() => {
      registerProviders([{ ...entry, name }]);
    }).toThrow('name: ');
    expect(findProvider(name)?.liveOnly).toBeUndefined();
  });

  it('stand beside the built-in ones', () => {
    registerProviders([entry]);
    expect(findProvider('acme')?.title).toBe('Acme');
    expect(PROVIDER_NAMES).toEqual([...builtIn, 'acme']);
  });
});
