import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readKeysConfig,
  readMigrationConfig,
  readSandboxConfig,
  readSeedConfig,
  readTokenConfig,
  readWorkerConfig,
  SECRETS,
} from './config.js';

const env = {
  DATABASE_URL: 'postgres://evergrant@db:5432/evergrant',
  MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
};
let folder: string;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-secrets-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a secret in a file', () => {
  it('is read without its trailing line end', () => {
    const config = readWorkerConfig({ ...env, METRICS_TOKEN_FILE: file('token', 'a-token-of-sixteen\n') });
    expect(config.metrics.token?.reveal()).toBe('a-token-of-sixteen');
  });

  it('becomes the escaped password of a URL without one', () => {
    const config = readWorkerConfig({
      ...env,
      DATABASE_PASSWORD_FILE: file('password', 'p@ss/w%rd\n'),
      REDIS_URL: 'redis://redis:6379',
      REDIS_PASSWORD: 'secret',
    });
    expect(decodeURIComponent(new URL(config.database.url.reveal()).password)).toBe('p@ss/w%rd');
    expect(config.queue.redisUrl?.reveal()).toBe('redis://:secret@redis:6379');
  });

  it.each([
    [
      'that is named beside the variable itself',
      { METRICS_TOKEN: 'a-token-of-sixteen', METRICS_TOKEN_FILE: 'token' },
      /METRICS_TOKEN: is set together with METRICS_TOKEN_FILE/,
    ],
    [
      'that is not there',
      { REDIS_URL_FILE: 'nowhere' },
      /REDIS_URL_FILE: the file .*nowhere cannot be read \(ENOENT\)/,
    ],
    ['that is empty', { METRICS_TOKEN_FILE: 'empty' }, /METRICS_TOKEN_FILE: the file .*empty is empty/],
  ])('%s keeps the process from starting, with a sentence that names it', (_what, wrong, sentence) => {
    file('token', 'another-token-of-sixteen');
    file('empty', '\n');
    const given = Object.fromEntries(
      Object.entries(wrong).map(([name, value]) => [name, name.endsWith('_FILE') ? join(folder, value) : value]),
    );
    expect(() => readWorkerConfig({ ...env, ...given })).toThrow(sentence);
  });

  it.each([
    ['the command keys', readKeysConfig, ['REDIS_URL', 'REDIS_PASSWORD', 'MASTER_KEYS', 'METRICS_TOKEN']],
    ['the command migrate', readMigrationConfig, ['MASTER_KEYS', 'METRICS_TOKEN']],
    ['the command seed', readSeedConfig, ['REDIS_URL', 'REDIS_PASSWORD', 'METRICS_TOKEN']],
    ['the command token', readTokenConfig, [...SECRETS]],
    ['the sandbox', readSandboxConfig, [...SECRETS]],
  ] as const)('is not opened by %s, which does not use it', (_process, read, unused) => {
    const files = unused.map((name) => [`${name}_FILE`, join(folder, 'nowhere')]);
    const used = Object.entries(env).filter(([name]) => !(unused as readonly string[]).includes(name));
    expect(() => read(Object.fromEntries([...used, ...files]) as NodeJS.ProcessEnv)).not.toThrow();
  });
});
