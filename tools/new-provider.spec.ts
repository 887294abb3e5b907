import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { providerOf } from '../libs/providers/src/registry.js';
import { setupPage } from './docs/setup-pages.mjs';
import { newProvider } from './new-provider.mjs';
import { checkName } from './new-provider/check-name.mjs';

const SOURCES = 'libs/providers/src';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'new-provider-'));
  mkdirSync(join(root, SOURCES), { recursive: true });
  for (const file of ['registry.ts', 'sandbox.ts']) cpSync(join(SOURCES, file), join(root, SOURCES, file));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const read = (file: string) => readFileSync(join(root, SOURCES, file), 'utf8');

describe('a name that no new provider can have', () => {
  it.each([
    ['', 'lower-case letters and digits'],
    ['Ex', 'lower-case letters and digits'],
    ['1st', 'lower-case letters and digits'],
    ['two words', 'lower-case letters and digits'],
    ['../up', 'lower-case letters and digits'],
    ['a-b', 'lower-case letters and digits'],
    ['é', 'lower-case letters and digits'],
    ['a'.repeat(33), '2 to 32'],
    ['example', /the sources use that word, and no file outside.+ \d+ files do: apps\/.+ contains/],
    ['line', /the sources use that word.+and \d+ more/],
    ['class', 'reserved word of the language'],
    ['default', 'reserved word of the language'],
    ['await', 'reserved word of the language'],
    ['static', 'reserved word of the language'],
    ['x', 'there is a provider of that name already'],
    ['pin', '"pinterest" is found under it too'],
    ['custom', 'there is a folder libs/providers/src/custom already'],
    ['z', '2 to 32 lower-case letters and digits and begin with a letter; the sources use single letters'],
    ['to', /the (sources|files that would be written) use that word/],
  ])('is refused with the reason: "%s"', (name, reason) => {
    expect(() => checkName('.', name)).toThrow(reason);
  });

  it('is refused before anything is written, and the command reports it and fails', () => {
    const before = readdirSync(SOURCES);
    const { status, stderr } = spawnSync(process.execPath, ['tools/new-provider.mjs', 'example'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('"example" cannot be a provider\'s name')]);
    expect(readdirSync(SOURCES)).toEqual(before);
  });

  it('is not a short one that other words begin with', () => {
    expect(() => checkName('.', 'qu')).not.toThrow();
  });

  it('is not the one in the recipe of CONTRIBUTING.md', () => {
    const [, name = ''] = /npm run new:provider (\w+)/.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? [];
    expect(() => checkName('.', name)).not.toThrow();
  });
});

describe('a new provider', () => {
  it('gets a folder of its own', async () => {
    await newProvider(root, 'mastodon');
    expect(readdirSync(join(root, SOURCES, 'mastodon')).sort()).toEqual([
      'mastodon.errors.spec.ts',
      'mastodon.errors.ts',
      'mastodon.provider.spec.ts',
      'mastodon.provider.ts',
      'mastodon.sandbox.spec.ts',
      'mastodon.sandbox.ts',
      'setup.md',
    ]);
  });

  it('has every optional member that most platforms have', async () => {
    await newProvider(root, 'mastodon');
    for (const member of ['revoke', 'api', 'appCheck', 'registration'])
      expect(read('mastodon/mastodon.provider.ts')).toMatch(new RegExp(`^  ${member}\\b`, 'm'));
  });

  it('has a setup page with every section, and with a command that a shell can parse', async () => {
    await newProvider(root, 'mastodon');
    const page = setupPage({ ...providerOf('x'), name: 'mastodon', title: 'Mastodon' }, read('mastodon/setup.md'));
    expect(page).toContain('/v1/oauth/mastodon/callback');
    const command = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? 'false';
    expect(spawnSync('sh', ['-n', '-c', command], { encoding: 'utf8' }).stderr).toBe('');
  });

  it('gets its line in both registries, and nothing else there changes', async () => {
    const before = {
      registry: readFileSync(join(SOURCES, 'registry.ts'), 'utf8'),
      sandbox: readFileSync(join(SOURCES, 'sandbox.ts'), 'utf8'),
    };
    await newProvider(root, 'mastodon');
    expect(read('registry.ts')).toContain("import { mastodon } from './mastodon/mastodon.provider.js';");
    expect(read('registry.ts')).toMatch(/const providers = \[.*, mastodon\] as const;/);
    expect(
      read('registry.ts')
        .replace(/import \{ mastodon .*\n/, '')
        .replace(', mastodon]', ']'),
    ).toBe(before.registry);
    expect(
      read('sandbox.ts')
        .replace(/import \{ mastodonSandbox .*\n/, '')
        .replace('  mastodonSandbox,\n', ''),
    ).toBe(before.sandbox);
  });

  it('never overwrites one that is there', async () => {
    await newProvider(root, 'mastodon');
    await expect(newProvider(root, 'mastodon')).rejects.toThrow(/already/);
    expect(existsSync(join(root, SOURCES, 'mastodon'))).toBe(true);
  });
});
