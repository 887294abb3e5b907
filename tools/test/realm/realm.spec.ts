import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import pg from 'pg';
import { ROOT } from '../../start/root.mjs';
import SharedRealmEnvironment from './environment.mjs';
import { ModuleGraph } from './module-graph.mjs';

const EXAMPLE = join(import.meta.dirname, 'module-graph.mjs');
const projectConfig = { fakeTimers: {} } as never;

describe('the realm of a test file', () => {
  it('is that of the process: an error of Node is an instance of Error', () => {
    expect(runInThisContext('Error')).toBe(Error);
    expect(() => readFileSync('/missing')).toThrow(Error);
  });

  it('names the lines of the TypeScript source in a stack', () => {
    const { stack } = new Error('made on the line that has these words');
    const [, line] = /realm\.spec\.ts:(\d+)/.exec(stack ?? '') ?? [];
    const source = readFileSync(import.meta.filename, 'utf8').split('\n');
    expect(source[Number(line) - 1]).toContain('made on the line that has these words');
  });
});

describe('the module graph of a test file', () => {
  const open = () => new ModuleGraph({ transform: () => ({ code: '', sourceMapPath: null }) }, () => ({}));

  it('evaluates a module once for each file, and a package once for all files', async () => {
    const [first, second] = [open(), open()];
    expect(await first.import(EXAMPLE)).toBe(await first.import(EXAMPLE));
    expect(await first.import(EXAMPLE)).not.toBe(await second.import(EXAMPLE));
    expect((await import('pg')).default).toBe(pg);
  });

  it('reports a missing module by its path', async () => {
    await expect(open().import(join(ROOT, 'tools/missing.mjs'))).rejects.toThrow('tools/missing.mjs does not exist');
  });

  it('imports further modules after an import failed', async () => {
    const graph = open();
    await expect(graph.import(join(ROOT, 'tools/missing.mjs'))).rejects.toThrow();
    await expect(graph.import(EXAMPLE)).resolves.toHaveProperty('ModuleGraph');
  });
});

describe('the process after a test file', () => {
  it('has the environment variables, console, exit and signal listeners of before', async () => {
    const before = [process.env, console, process.exit, process.listeners('SIGTERM'), Error.stackTraceLimit];
    const environment = new SharedRealmEnvironment({ projectConfig });
    process.env.LEFT_BEHIND = 'yes';
    process.exit = () => undefined as never;
    process.on('SIGTERM', () => undefined);
    globalThis.console = Object.create(console) as Console;
    Error.stackTraceLimit = 1;
    await environment.teardown();
    expect([process.env, console, process.exit, process.listeners('SIGTERM'), Error.stackTraceLimit]).toEqual(before);
    expect(process.env.LEFT_BEHIND).toBeUndefined();
  });
});
