import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from './arguments.mjs';

/** Runs a script of package.json as npm does, in a place without sources: a wrong argument must be found before any work. */
function run(script: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const place = mkdtempSync(join(tmpdir(), 'arguments-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [join(process.cwd(), script), ...args], {
      cwd: place,
      encoding: 'utf8',
      env: { ...process.env, EVERGRANT_HOME: place, ...env },
    });
    return { status, lines: stderr.trim().split('\n') };
  } finally {
    rmSync(place, { recursive: true });
  }
}

const USAGE = 'npm run thing -- [--every 5m] [--push]';
const options = { every: { type: 'string' }, push: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } as const;
const read = (argv: string[], env: NodeJS.ProcessEnv = {}) =>
  readArguments({ usage: USAGE, options, positionals: 1, argv, env });

describe('the reader of arguments', () => {
  it.each([
    [['a', 'b'], '"b" is one argument too many.'],
    [['--each', '5m'], "Unknown option '--each'"],
    [['--every'], "Option '--every <value>' argument missing"],
    [['--push=yes'], "Option '--push' does not take an argument"],
    [['a', '-p'], "Unknown option '-p'"],
  ])('refuses wrong arguments in one sentence with the usage: %j', (argv, sentence) => {
    expect(() => read(argv)).toThrow(`${sentence}\nUsage: ${USAGE}`);
  });

  it.each([
    [{ npm_config_push: 'true' }, '--push'],
    [{ npm_config_every: '' }, '--every'],
    [{ npm_config_dry_run: 'true' }, '--dry-run'],
  ])('refuses to run where npm has kept an option for itself: %j', (env, option) => {
    expect(() => read(['a', '5m'], env)).toThrow(`npm keeps ${option} for itself: write -- before it.`);
  });

  it('reads right arguments', () => {
    expect(read(['a', '--every', '5m'], { npm_config_cache: 'x' })).toMatchObject({
      positionals: ['a'],
      values: { every: '5m' },
    });
  });
});

describe('a script', () => {
  it.each([
    ['tools/demo.mjs', ['x'], '"x" is one argument too many.'],
    ['tools/new-provider.mjs', ['mastodon', 'bluesky'], '"bluesky" is one argument too many.'],
    ['tools/new-job.mjs', ['sessions.expire', '5m'], '"5m" is one argument too many.'],
    ['tools/docs.mjs', ['x'], '"x" is one argument too many.'],
    ['tools/test-deep.mjs', ['--sort'], "Unknown option '--sort'"],
  ])(
    'refuses a wrong argument in one sentence, with the usage and before any work: %s %j',
    (script, args, sentence) => {
      const { status, lines } = run(script, args);
      expect([status, lines[0]]).toEqual([1, sentence]);
      expect(lines[1]).toMatch(/^Usage: npm run \w+/);
      expect(lines).toHaveLength(2);
    },
  );
});

describe('npm start', () => {
  it.each([
    [['x'], {}, '"x"'],
    [['4000'], { npm_config_port: 'true' }, '--port'],
  ])('takes no arguments and names the variables: %j %j', (args, env, named) => {
    const { status, lines } = run('tools/start/start.mjs', args, env);
    expect(status).toBe(1);
    expect(lines.join('\n')).toContain(`npm start takes no arguments (${named})`);
    expect(lines.join('\n')).toContain('PORT=4000 npm start');
  });
});
