import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addKeys } from './keys.js';

/** Runs `keys create` in this process, without a database; returns what an error writes to stderr, and the exit code. */
async function refusalOf(...options: string[]): Promise<{ exitCode: number; stderr: string }> {
  const refusal = { exitCode: 0, stderr: '' };
  const program = new Command()
    .exitOverride((error) => {
      refusal.exitCode = error.exitCode;
      throw error;
    })
    .configureOutput({ writeErr: (text) => (refusal.stderr += text) });
  addKeys(program);
  await program.parseAsync(['keys', 'create', ...options], { from: 'user' }).catch(() => undefined);
  return refusal;
}

describe('the options of keys create', () => {
  it('each wrong option is named before the database is opened', async () => {
    const wrong = ['--workspace', '', '--name', 'a\u202eb', '--environment', 'prod', '--scopes', 'accounts:read,all'];
    const { exitCode, stderr } = await refusalOf(...wrong);
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/option --workspace: must not be empty$/),
        expect.stringMatching(/option --name: must not contain overrides/),
        expect.stringMatching(/option --environment: must be live or test$/),
        expect.stringMatching(/option --scopes: must be one of accounts:read, /),
      ]),
    );
  });

  it.each([
    ['a required option is missing', ['--workspace', 'acme'], "required option '--name <text>'"],
    [
      'an option is given twice',
      ['--workspace', 'acme', '--workspace', 'other', '--name', 'n'],
      "'other' is invalid. The option is given twice",
    ],
    ['an option has no value', ['--workspace', '--name', 'n'], "'--name' is invalid. The value is missing"],
  ])('the command ends with exit code 1 when %s', async (_, options, sentence) => {
    expect(await refusalOf(...options)).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  });
});
