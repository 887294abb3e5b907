import { providersPage } from './providers-page.mjs';
import { setupIndex, setupPage } from './setup-pages.mjs';

/**
 * Every generated document by its path. `readSetup` gives the text of a platform's setup.md.
 */
export function pagesOf(providers, readSetup) {
  return new Map([
    ['docs/providers.md', providersPage(providers)],
    ['docs/setup/README.md', setupIndex(providers)],
    ...providers.map((provider) => [`docs/setup/${provider.name}.md`, setupPage(provider, readSetup(provider.name))]),
  ]);
}

export const setupTextOf = (name) => `libs/providers/src/${name}/setup.md`;
