import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { copySources } from '../test/support/generated-files.js';
import { newJob } from './new-job.mjs';
import {
  addBeforeModule,
  addExport,
  addImport,
  addProvider,
  addTableRow,
  addToArray,
} from './generator/edit-source.mjs';

const GENERATOR = resolve('tools/new-job.mjs');
/** The existing files that the generator changes. */
const CHANGED = [
  'libs/jobs/src/contracts.ts',
  'libs/accounts/src/index.ts',
  'libs/accounts/src/accounts.module.ts',
  'apps/worker/src/jobs/cleanup.jobs.ts',
  'apps/worker/src/schedules.ts',
];
const FEATURE_PAGE = 'libs/accounts/FEATURE.md';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'new-job-'));
  copySources(root);
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const run = (...args: string[]) => spawnSync(process.execPath, [GENERATOR, ...args], { cwd: root, encoding: 'utf8' });

describe('a name or option that a new job cannot have', () => {
  it.each([
    ['sessions', {}, '"sessions" cannot be a job\'s name: it is <things>.<verb>'],
    ['Sessions.expire', {}, 'in lower-case letters'],
    ['../up.down', {}, "cannot be a job's name"],
    ['history.sweep', {}, 'is a job already: it is in libs/jobs/src/contracts.ts'],
    ['sessions.expire', { every: '90' }, '--every is a whole number with s, m, h or d, for example 5m, not "90"'],
    ['sessions.expire', { folder: '../up' }, '--folder is a folder of libs/accounts/src, not "../up"'],
    ['sessions.expire', { feature: 'nothing' }, 'there is no apps/worker/src/jobs/nothing.jobs.ts'],
  ])('is refused with the reason, and no file changes: %s %j', async (name, options, reason) => {
    const before = CHANGED.map(read);
    await expect(newJob(root, name, options)).rejects.toThrow(reason);
    expect(CHANGED.map(read)).toEqual(before);
  });

  it('ends the command with exit code 1 and the reason', () => {
    const { status, stderr } = run('sessions.expire', '--often');
    expect([status, stderr]).toEqual([1, expect.stringContaining("Unknown option '--often'")]);
  });
});

describe('a new job', () => {
  /** The name in the recipe of CONTRIBUTING.md. */
  const [, name = ''] = /npm run new:job ([\w.]+)/.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? [];
  let before: Record<string, string>;
  let printed: ReturnType<typeof run>;

  beforeAll(() => {
    before = Object.fromEntries([...CHANGED, FEATURE_PAGE].map((path) => [path, read(path)]));
    printed = run(name, '--every', '5m');
  });

  it('gets a use case with a test, and the command prints the new files', () => {
    expect([name, printed.status, printed.stderr]).toEqual(['sessions.expire', 0, '']);
    const files = [
      'libs/accounts/src/sessions/expire-sessions.ts',
      'libs/accounts/src/sessions/expire-sessions.int-spec.ts',
    ];
    for (const file of files) {
      expect(printed.stdout).toContain(`  ${file}\n`);
      expect(read(file)).not.toMatch(/__\w+__/);
    }
  });

  it('gets a contract, a handler and a schedule, and nothing else in their files changes', () => {
    const added = Object.fromEntries(
      CHANGED.map((path) => {
        const words = (text: string): string[] => text.match(/[\w./#-]+/g) ?? [];
        const rest = words(before[path]!);
        const more = words(read(path)).filter((word) => (rest[0] === word ? !rest.shift() : true));
        return [path, rest.length > 0 ? `lost ${rest.join(' ')}` : more.filter((word) => /sessions/i.test(word))];
      }),
    );
    expect(added).toEqual({
      'libs/jobs/src/contracts.ts': ['sessionsExpire', 'sessions.expire'],
      'libs/accounts/src/index.ts': ['ExpireSessions', './sessions/expire-sessions.js'],
      'libs/accounts/src/accounts.module.ts': ['ExpireSessions', './sessions/expire-sessions.js', 'ExpireSessions'],
      'apps/worker/src/jobs/cleanup.jobs.ts': [
        'ExpireSessions',
        'sessionsExpire',
        'sessionsExpire',
        'ExpireSessionsJob',
        'ExpireSessions',
        'ExpireSessionsJob',
      ],
      'apps/worker/src/schedules.ts': ['sessionsExpire', 'sessionsExpire'],
    });
    expect(read('apps/worker/src/schedules.ts')).toContain('{ job: sessionsExpire, every: minutes(5) },');
  });

  it('gets a row in the page of the library, and nothing else there changes', () => {
    const row = '| [expire-sessions.ts](src/sessions/expire-sessions.ts) | TODO: what it does |\n';
    expect(read(FEATURE_PAGE)).toMatch(/\*\*Clean up\.\*\*[^*]*sweep-history[^*]*\[expire-sessions\.ts\]/);
    expect(read(FEATURE_PAGE).replace(row, '')).toBe(before[FEATURE_PAGE]);
  });

  it('changes a limited number of rows in one run', () => {
    expect(read('libs/accounts/src/sessions/expire-sessions.ts')).toMatch(/limit \$1', \[MAX_ROWS_PER_RUN\]/);
  });

  it('can go into a folder that is there already', async () => {
    expect(await newJob(root, 'attempts.count', { folder: 'connect' })).toEqual([
      'libs/accounts/src/connect/count-attempts.ts',
      'libs/accounts/src/connect/count-attempts.int-spec.ts',
    ]);
    expect(read('libs/accounts/src/index.ts')).toContain("from './connect/count-attempts.js'");
  });

  it('is not written a second time', async () => {
    const after = CHANGED.map(read);
    await expect(newJob(root, name)).rejects.toThrow('is a job already');
    expect(CHANGED.map(read)).toEqual(after);
  });
});

describe('the edits of a list', () => {
  it('put a name and a module where the order of the others has a place for them', () => {
    const text = `import { a, c } from '#m';\nimport { x } from './b.js';\nimport { y } from './d.js';\n`;
    expect(addImport(text, 'b', '#m')).toContain('{ a, b, c }');
    expect(addImport(text, 'z', './c.js')).toContain(
      `import { x } from './b.js';\nimport { z } from './c.js';\nimport { y } from './d.js';\n`,
    );
    expect(addExport(`export { y } from './d.js';\nexport { m } from '#m';\n`, 'z', './c.js')).toBe(
      `export { z } from './c.js';\nexport { y } from './d.js';\nexport { m } from '#m';\n`,
    );
  });

  it('start an import, an export and a list that are missing or empty', () => {
    expect(addImport(`import { a } from './a.js';\n`, 'b', './b.js')).toBe(
      `import { a } from './a.js';\nimport { b } from './b.js';\n`,
    );
    expect(addExport('export const a = 1;\n', 'b', './b.js')).toBe(
      `export const a = 1;\nexport { b } from './b.js';\n`,
    );
    expect(addToArray('const list = [];', 'list', 'b')).toBe('const list = [b];');
  });

  it('throw if the list is missing, so that the generator writes nothing', () => {
    expect(() => addToArray('const others = [];', 'list', 'b')).toThrow('there is no array list: add b by hand');
    expect(() => addProvider('@Module({}) class A {}', 'B')).toThrow('there is no list of providers: add B by hand');
    expect(() => addBeforeModule('class A {}', 'class B {}')).toThrow('there is no class with @Module');
    expect(() => addTableRow('text\n\n**A.** b\n', '**A.**', '| c |')).toThrow('there is no table below "**A.**"');
  });
});
