import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeDataFolder } from './data-folder.mjs';

let memory: string;
const made: string[] = [];

beforeEach(async () => {
  memory = await mkdtemp(join(tmpdir(), 'evergrant-memory-'));
});

afterEach(async () => {
  for (const folder of [memory, ...made.splice(0)]) await rm(folder, { recursive: true });
});

async function make(options: Parameters<typeof makeDataFolder>[0]): Promise<string> {
  const folder = await makeDataFolder(options);
  if (dirname(folder) !== memory) made.push(folder);
  return folder;
}

describe('the folder of the temporary PostgreSQL', () => {
  it('lies in memory where there is enough of it, and on the disk elsewhere', async () => {
    expect(dirname(await make({ memory, free: 8 * 2 ** 30 }))).toBe(memory);
    expect(dirname(await make({ memory, free: 2 ** 30 }))).toBe(tmpdir());
    expect(dirname(await make({ memory: join(memory, 'missing'), free: 8 * 2 ** 30 }))).toBe(tmpdir());
  });

  it('is removed by the next run when its own was killed, and not while its run continues', async () => {
    const ended = 2 ** 30;
    await mkdir(join(memory, `evergrant-tests-${ended}-abc`, 'postgres'), { recursive: true });
    await mkdir(join(memory, 'of another program'));
    const running = basename(await make({ memory, free: 8 * 2 ** 30 }));
    const next = basename(await make({ memory, free: 8 * 2 ** 30 }));
    expect((await readdir(memory)).sort()).toEqual([next, running, 'of another program'].sort());
  });
});
