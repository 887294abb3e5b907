import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lock, lockHome } from './lock.mjs';
import { birthOf } from './processes.mjs';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'evergrant-lock-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const path = () => join(home, 'launcher.json');
const write = (lock: Partial<Lock>) => writeFileSync(path(), JSON.stringify(lock));

/** Starts a process that sleeps, and returns it with its id. */
async function startSleep(seconds: string): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn('sleep', [seconds]);
  await once(child, 'spawn');
  return { child, pid: child.pid! };
}

describe('the lock of a home', () => {
  it('is held against a second launcher while the first runs', async () => {
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toThrow(`Evergrant is running already on ${home} (process ${process.pid})`);
    lock.release();
    expect(existsSync(path())).toBe(false);
  });

  it('is free when its holder is gone, though its number was given to another process', async () => {
    write({ pid: process.pid, birth: 'another time', children: [] });
    await expect(lockHome(home)).resolves.toBeDefined();
  });

  it.each(['', 'x', 'null', '{"pid":'])('is free where its file is damaged: %j', async (text) => {
    writeFileSync(path(), text);
    await expect(lockHome(home)).resolves.toBeDefined();
  });

  it('waits for what a killed launcher left behind', async () => {
    const { pid } = await startSleep('0.4');
    write({ pid: 1, birth: 'gone', children: [{ pid, birth: birthOf(pid) }] });
    await lockHome(home);
    expect(birthOf(pid)).toBeUndefined();
  });

  it('records what is started, so that the next launcher can wait for it', async () => {
    const { child, pid } = await startSleep('5');
    const lock = await lockHome(home);
    lock.record(pid);
    expect(JSON.parse(readFileSync(path(), 'utf8')).children).toEqual([{ pid, birth: birthOf(pid) }]);
    child.kill();
  });
});
