import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copySources, objectionsTo } from '../test/support/generated-files.js';
import { newJob } from './new-job.mjs';
import { newProvider } from './new-provider.mjs';

const PROVIDERS = 'libs/providers/src';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'generators-'));
  copySources(root);
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

describe('the sources that the generators write and change', () => {
  // One run of the compiler and of the lint rules for both generators: each run costs four seconds of CPU time.
  it('keep every rule of the repository', async () => {
    const written = await newJob(root, 'sessions.expire', { every: '5m' });
    await newProvider(root, 'mastodon');
    const folder = readdirSync(join(root, PROVIDERS, 'mastodon')).map((file) => `${PROVIDERS}/mastodon/${file}`);
    const changed = [
      'libs/jobs/src/contracts.ts',
      'libs/accounts/src/index.ts',
      'libs/accounts/src/accounts.module.ts',
      'apps/worker/src/jobs/cleanup.jobs.ts',
      'apps/worker/src/schedules.ts',
      `${PROVIDERS}/registry.ts`,
      `${PROVIDERS}/sandbox.ts`,
    ];
    expect(await objectionsTo(root, [...written, ...folder, ...changed])).toEqual([]);
  });
});
