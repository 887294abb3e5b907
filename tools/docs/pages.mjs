import { providersPage } from './providers-page.mjs';
import { setupIndex, setupPage } from './setup-pages.mjs';

/**
 * The text of every generated document by its path.
 * @param {import('#providers').Provider[]} providers
 * @param {(name: string) => string} readSetup returns the text of a platform's setup.md
 */
export function pagesOf(providers, readSetup) {
  return new Map(
    /** @type {[path: string, text: string][]} */ ([
      ['docs/providers.md', providersPage(providers)],
      ['docs/setup/README.md', setupIndex(providers)],
      ...providers.map((provider) => [`docs/setup/${provider.name}.md`, setupPage(provider, readSetup(provider.name))]),
    ]),
  );
}

/** @param {string} name */
export const setupTextOf = (name) => `libs/providers/src/${name}/setup.md`;
