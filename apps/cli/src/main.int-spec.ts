import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { runCommand } from '../../../test/support/app-process.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const UNKNOWN_DATABASE = 'postgres://evergrant@127.0.0.1:1/';

describe('the commands', () => {
  it('print the version of the release', async () => {
    expect(await runCommand(['--version'], {})).toEqual({ stdout: `${version}\n`, log: '' });
  });

  it('report their failure in one sentence, without a stack', async () => {
    await expect(runCommand(['migrate'], { DATABASE_URL: UNKNOWN_DATABASE })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: [^{}]*DATABASE_URL[^{}]*\n$/),
    });
  });

  it('show the stack of a failure where the log level is debug', async () => {
    const env = { DATABASE_URL: 'postgres://evergrant@host.invalid/evergrant', LOG_LEVEL: 'debug' };
    await expect(runCommand(['migrate'], env)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/"msg":"command\.failed"[\s\S]*\nerror: .+\n$/),
    });
  });

  it('take a value that looks like an option where it stands behind =', async () => {
    const command = ['keys', 'create', '--workspace=acme', '--name=--x'];
    await expect(runCommand(command, { DATABASE_URL: UNKNOWN_DATABASE })).rejects.toMatchObject({
      stderr: expect.stringMatching(/^error: [^{}]*DATABASE_URL/),
    });
    await expect(runCommand(['keys', 'create', '--workspace', '--name', 'x'], {})).rejects.toMatchObject({
      stderr: expect.stringContaining('The value is missing'),
    });
  });
});
