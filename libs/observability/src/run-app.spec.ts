import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { compileFolder, type SourceFolder, type SourceProcess } from '../../../test/support/source-process.js';

let folder: SourceFolder;

beforeAll(() => {
  folder = compileFolder('libs/observability/src');
});
afterAll(() => {
  folder.remove();
});

interface Life {
  /** The body of `start`, before it returns. */
  start?: string;
  /** The body of `close`. */
  close?: string;
  closeWithin?: number;
}

/** A process with a timer that keeps it running for a minute. */
function run({ start = '', close = '', closeWithin = 5_000 }: Life): SourceProcess {
  return folder.start(`
    import { setTimeout as sleep } from 'node:timers/promises';
    import { createLogger } from './logger.js';
    import { closeProcess, runApp } from './run-app.js';
    await runApp({ logger: createLogger({ app: 'probe' }), closeWithin: ${closeWithin} }, async () => {
      const timer = setTimeout(() => {}, 60_000);
      console.log('"starting"');
      ${start}
      return { close: async () => { console.log('"close called"'); ${close} clearTimeout(timer); console.log('"closed"'); } };
    });`);
}

async function ready(life: Life): Promise<SourceProcess> {
  const app = run(life);
  const [message] = await once(app.child, 'message');
  expect(message).toBe('ready');
  return app;
}

async function until(app: SourceProcess, text: string): Promise<void> {
  while (!app.lines().some((line) => line.includes(text))) await once(app.child.stdout!, 'data');
}

const count = (app: SourceProcess, text: string): number => app.lines().filter((line) => line.includes(text)).length;

describe('a process of the service', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('closes on %s and exits with 0', async (signal) => {
    const app = await ready({});
    app.child.kill(signal);
    expect(await app.exited).toBe(0);
    expect(count(app, '"closed"')).toBe(1);
    expect(
      app
        .lines()
        .filter((line) => line.trim() !== '')
        .at(-1),
    ).toMatch(/"code":0.*"msg":"process.stopped"/);
  });

  it('closes when its launcher is gone', async () => {
    const app = await ready({});
    app.child.disconnect();
    expect(await app.exited).toBe(0);
    expect(count(app, '"closed"')).toBe(1);
  });

  it('closes at its own request, once, and exits with 1', async () => {
    const start = `setTimeout(() => { closeProcess('no key is left'); closeProcess('no key is left'); }, 10);`;
    const app = await ready({ start });
    expect(await app.exited).toBe(1);
    expect(count(app, '"closed"')).toBe(1);
    expect(count(app, '"reason":"no key is left"')).toBe(1);
  });

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
  ] as const)('finishes its work though %s is followed by %s', async (first, second) => {
    const app = await ready({ close: 'await sleep(300);' });
    app.child.kill(first);
    await until(app, '"close called"');
    app.child.kill(second);
    expect(await app.exited).toBe(0);
    expect(count(app, '"close called"')).toBe(1);
    expect(count(app, '"closed"')).toBe(1);
  });

  it('exits with 1 when its work does not end in time', async () => {
    const app = await ready({ close: 'await sleep(30_000);', closeWithin: 200 });
    app.child.kill('SIGTERM');
    expect(await app.exited).toBe(1);
    expect(count(app, 'process.close_timed_out')).toBe(1);
  });

  it('exits with 1 when closing fails, and logs the reason', async () => {
    const app = await ready({ close: `throw new Error('stuck');` });
    app.child.kill('SIGTERM');
    expect(await app.exited).toBe(1);
    expect(count(app, 'stuck')).toBe(1);
  });

  it('exits with 1 when it cannot start, logs the reason, and sends it in place of ready', async () => {
    const app = run({ start: `throw new Error('no database');` });
    const messages: unknown[] = [];
    app.child.on('message', (message) => messages.push(message));
    expect(await app.exited).toBe(1);
    expect(count(app, 'no database')).toBe(1);
    expect(messages).toEqual([{ startFailed: 'no database' }]);
  });

  it('closes when its launcher stops during the start', async () => {
    const app = run({ start: 'await sleep(400);' });
    await until(app, '"starting"');
    app.child.disconnect();
    expect(await app.exited).toBe(0);
    expect(count(app, '"closed"')).toBe(1);
  });

  it('closes its resources when a signal arrives during the start', async () => {
    const app = run({ start: 'await sleep(400);' });
    await until(app, '"starting"');
    app.child.kill('SIGTERM');
    expect(await app.exited).toBe(0);
    expect(count(app, '"closed"')).toBe(1);
  });

  it('does not wait after a signal for a start that never ends', async () => {
    const app = run({ start: 'await sleep(30_000);', closeWithin: 200 });
    await until(app, '"starting"');
    app.child.kill('SIGTERM');
    expect(await app.exited).toBe(1);
  });
});
