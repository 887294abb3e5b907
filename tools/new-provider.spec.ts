import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { setupPage } from './docs/setup-pages.mjs';
import { newProvider } from './new-provider.mjs';

const SOURCES = 'libs/providers/src';
let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'new-provider-'));
  mkdirSync(join(root, SOURCES), { recursive: true });
  for (const file of ['registry.ts', 'sandbox.ts']) cpSync(join(SOURCES, file), join(root, SOURCES, file));
});
afterEach(() => { rmSync(root, { recursive: true }); });

const read = (file) => readFileSync(join(root, SOURCES, file), 'utf8');

describe('a new provider', () => {
  it('gets a folder of its own', () => {
    newProvider(root, 'example');
    expect(readdirSync(join(root, SOURCES, 'example')).sort()).toEqual([
      'example.errors.spec.ts', 'example.errors.ts', 'example.provider.spec.ts', 'example.provider.ts',
      'example.sandbox.spec.ts', 'example.sandbox.ts', 'setup.md',
    ]);
  });

  it('is TypeScript that is well written, and a setup page of which every part is there', () => {
    newProvider(root, 'example');
    for (const file of readdirSync(join(root, SOURCES, 'example')).filter((name) => name.endsWith('.ts'))) {
      const { diagnostics = [] } = ts.transpileModule(read(`example/${file}`), { reportDiagnostics: true });
      expect([file, ...diagnostics.map(({ messageText }) => messageText)]).toEqual([file]);
    }
    expect(setupPage({ name: 'example', title: 'Example', scopes: { default: [], required: [] } }, read('example/setup.md'))).toContain('/v1/oauth/example/callback');
  });

  it('gets its line in both registries, and nothing else there changes', () => {
    const before = { registry: readFileSync(join(SOURCES, 'registry.ts'), 'utf8'), sandbox: readFileSync(join(SOURCES, 'sandbox.ts'), 'utf8') };
    newProvider(root, 'example');
    expect(read('registry.ts')).toContain("import { example } from './example/example.provider.js';");
    expect(read('registry.ts')).toMatch(/const providers = \[.*, example\] as const;/);
    expect(read('registry.ts').replace(/import \{ example .*\n/, '').replace(', example]', ']')).toBe(before.registry);
    expect(read('sandbox.ts').replace(/import \{ exampleSandbox .*\n/, '').replace('  exampleSandbox,\n', '')).toBe(before.sandbox);
  });

  it.each(['', 'Ex', '1st', 'two words', '../up'])('is refused under the name "%s"', (name) => {
    expect(() => newProvider(root, name)).toThrow(/name is lower-case/);
  });

  it('never overwrites one that is there', () => {
    newProvider(root, 'example');
    expect(() => newProvider(root, 'example')).toThrow(/already/);
    expect(existsSync(join(root, SOURCES, 'example'))).toBe(true);
  });
});
