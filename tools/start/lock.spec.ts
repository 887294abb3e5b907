import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHome } from './lock.mjs';
import { birthOf } from './processes.mjs';

let home;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'evergrant-lock-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const path = () => join(home, 'launcher.json');
const write = (lock) => writeFileSync(path(), JSON.stringify(lock));

describe('the lock of a home', () => {
  it('is held against a second launcher while the first lives', async () => {
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toThrow(`Evergrant is running already on ${home} (process ${process.pid})`);
    lock.release();
    expect(existsSync(path())).toBe(false);
  });

  it('is free when its holder is gone, though its number was given to another process', async () => {
    write({ pid: process.pid, birth: 'another time', children: [] });
    await expect(lockHome(home)).resolves.toBeDefined();
  });

  it('waits for what a killed launcher left behind', async () => {
    const child = spawn('sleep', ['0.4']);
    await once(child, 'spawn');
    write({ pid: 1, birth: 'gone', children: [{ pid: child.pid, birth: birthOf(child.pid) }] });
    await lockHome(home);
    expect(birthOf(child.pid)).toBeUndefined();
  });

  it('remembers what is started, so that the next launcher can wait for it', async () => {
    const child = spawn('sleep', ['5']);
    await once(child, 'spawn');
    const lock = await lockHome(home);
    lock.remember(child.pid);
    expect(JSON.parse(readFileSync(path(), 'utf8')).children).toEqual([{ pid: child.pid, birth: birthOf(child.pid) }]);
    child.kill();
  });
});
