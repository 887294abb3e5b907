import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type PkceMethod, PlatformRequest, type Provider, type RefreshMode } from '#providers';
import { PROVIDER_NAMES, providerOf } from '../libs/providers/src/registry.js';
import { describeProvider } from './docs/describe-provider.mjs';
import { pagesOf, setupTextOf } from './docs/pages.mjs';
import { setupPage } from './docs/setup-pages.mjs';
import { lifeInWords } from './docs/words.mjs';

const providers = PROVIDER_NAMES.map(providerOf);
const read = (path: string) => readFileSync(path, 'utf8');
const pages = pagesOf(providers, (name) => read(setupTextOf(name)));
const any = providerOf('x');
const named: [name: string, provider: Provider][] = providers.map((provider) => [provider.name, provider]);

describe('the generated documents', () => {
  it.each([...pages])('%s is the output of npm run docs for the present registry', (path, text) => {
    expect(existsSync(path) ? read(path) : 'not there').toBe(text);
  });

  it('has no page of a removed platform in docs/setup', () => {
    expect(
      readdirSync('docs/setup')
        .map((name) => `docs/setup/${name}`)
        .filter((path) => !pages.has(path)),
    ).toEqual([]);
  });

  it.each(named)('describe the scopes, quirks and sources of %s, with the date', (_name, provider) => {
    const { scopes, quirks = [], sources } = provider;
    for (const text of [...scopes.default, ...quirks, ...sources.urls, sources.checkedAt])
      expect(pages.get('docs/providers.md')).toContain(text);
  });
});

describe('the page on restoring a backup', () => {
  const rows = read('docs/runbooks/restore-from-backup.md')
    .split('\n')
    .filter((line) => /^\| .+ \| (once|again and again|there is none) \|/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const HOW_OFTEN: Record<RefreshMode, string> = {
    rotating_strict: 'once',
    rotating_grace: 'once',
    static: 'again and again',
    extend_self: 'there is none',
    none: 'there is none',
  };
  const taken = ({ refresh }: Provider) => HOW_OFTEN[refresh.mode];

  it('names every platform of the registry, how often it takes a refresh token, and how long an access token is valid', () => {
    const known = providers.map((provider) => [
      provider.title,
      taken(provider),
      lifeInWords(provider.token.defaultLife),
    ]);
    expect(rows.map((cells) => cells.slice(0, 3)).toSorted()).toEqual(known.toSorted());
  });

  it('states what is lost, and what to do about it where something is', () => {
    for (const [, how, , after] of rows)
      expect(after).toMatch(how === 'once' ? /lost.*Ask these people to connect again/ : /Nothing is lost/);
  });
});

describe.each(named)('the page that sets up an app at %s', (name, provider) => {
  const page = pages.get(`docs/setup/${name}.md`) ?? '';

  it('is followed in steps, and links the portal', () => {
    expect(page).toMatch(/^# .+\n/);
    expect(page).toMatch(/^1\. [\s\S]*^2\. [\s\S]*^3\. /m);
    expect(page).toMatch(/https:\/\/[\w.-]+/);
  });

  it('has the redirect URI, every scope and the call that brings the app here', () => {
    for (const text of [`/v1/oauth/${name}/callback`, ...provider.scopes.default, `"provider": "${name}"`])
      expect(page).toContain(text);
  });

  it.each(['Review', 'Pitfalls', 'Not confirmed'])('has a part "%s"', (part) => {
    const section = page.split(/^## /m).find((text) => text.startsWith(`${part}\n`));
    const isWritten = (section?.length ?? 0) > part.length + 20;
    expect(isWritten ? [] : [`${setupTextOf(name)} has no sentence under "## ${part}"`]).toEqual([]);
  });
});

describe('the description of a definition', () => {
  const described = (changes: Partial<Provider>) => describeProvider({ ...any, ...changes });
  const request = (parts: Partial<ReturnType<PlatformRequest['reveal']>>) => ({
    ...any.token,
    exchange: () => new PlatformRequest({ method: 'POST', url: 'https://a.example/t?b=c', ...parts }),
  });

  it('is read off the requests that it makes', () => {
    const form = { key: 'THE-ID', code: 'CODE', password: 'THE-SECRET' };
    expect(described({ token: request({ form }) })).toMatchObject({
      token: 'POST https://a.example/t',
      authentication: '`key` and `password` in the form',
    });
    const basic = request({ headers: { authorization: 'Basic abc' } });
    expect(described({ token: basic }).authentication).toMatch(/^HTTP Basic/);
  });

  it('is nothing made up where the definition shows no way', () => {
    expect(() => described({ token: request({ form: {} }) })).toThrow(/no known way of client authentication/);
  });

  it('distinguishes PKCE on the web from PKCE on loopback', () => {
    const pkce = (uri: string): PkceMethod | undefined =>
      uri.startsWith('https') ? undefined : { name: 'S256', challenge: () => 'a'.repeat(64) };
    expect(described({ authorize: { ...any.authorize, pkce } }).pkce).toBe(
      'none; on loopback redirect URIs S256 in lower-case hex',
    );
  });

  it.each([
    [7_200, '2 hours'],
    [5_184_000, '60 days'],
    [60, '1 minute'],
    [90, '90 seconds'],
    [null, 'no end'],
  ])('gives %p seconds as %s', (seconds, words) => {
    expect(lifeInWords(seconds)).toBe(words);
  });

  it('refuses a setup text with a placeholder that has no value', () => {
    expect(() => setupPage(any, '{{nothing}}')).toThrow(`the setup text of ${any.name} requires {{nothing}}`);
  });
});
