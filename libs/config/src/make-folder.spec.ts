import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'evergrant-folder-'));
});
afterEach(() => {
  rmSync(place, { recursive: true });
});

describe('A folder', () => {
  it('is made with those above it, for its owner alone, and may exist', async () => {
    const path = join(place, 'a', 'b');
    await Promise.all([makeFolder(path), makeFolder(path)]);
    await makeFolder(path);
    for (const folder of [path, dirname(path)]) expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is refused where a file has its name', async () => {
    writeFileSync(join(place, 'file'), '');
    await expect(makeFolder(join(place, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(place, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('in /proc is refused at once, with the error of the file system', async () => {
    await expect(makeFolder('/proc/none/of/these')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
