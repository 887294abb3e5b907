import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { addToken } from './token.js';

let home: string;
let publicKey: CryptoKey;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'evergrant-token-'));
  const pair = await generateKeyPair('ES256', { extractable: true });
  publicKey = pair.publicKey;
  writeFileSync(
    join(home, 'jwt.private.json'),
    JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'the-key' }),
  );
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Runs the command in this process; an error ends it with an exception, and `stderr` has its text. */
async function run(options: string[], env: Record<string, string> = {}) {
  jest.replaceProperty(process, 'env', { EVERGRANT_HOME: home, ...env });
  const written = { stdout: '', stderr: '', exitCode: 0 };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.stdout += String(text);
    return true;
  });
  const program = new Command()
    .exitOverride((error) => {
      written.exitCode = error.exitCode;
      throw error;
    })
    .configureOutput({ writeErr: (text) => (written.stderr += text) });
  addToken(program);
  await program.parseAsync(['token', ...options], { from: 'user' }).catch(() => undefined);
  return written;
}

async function claimsOf(token: string, expected: JWTVerifyOptions = {}): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(token.trim(), publicKey, expected);
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'the-key' });
  return payload;
}

describe('the token command', () => {
  it('prints a token of a workspace that the public key verifies', async () => {
    const { stdout } = await run(['--workspace', 'acme', '--ttl', '5m']);
    const claims = await claimsOf(stdout, { issuer: 'evergrant', audience: 'evergrant' });
    expect(claims).toMatchObject({ sub: 'acme', exp: claims.iat! + 300 });
    expect(claims).not.toHaveProperty('roles');
  });

  it('adds the role operator only with --operator, and the default workspace lasts an hour', async () => {
    const claims = await claimsOf((await run(['--operator'])).stdout);
    expect(claims).toMatchObject({ sub: 'default', roles: ['operator'], exp: claims.iat! + 3_600 });
  });

  it('puts the workspace into the claim in which the API looks for it', async () => {
    const { stdout } = await run(['--workspace', 'acme'], { JWT_WORKSPACE_CLAIM: 'org', JWT_ISSUER: 'me' });
    expect(await claimsOf(stdout, { issuer: 'me' })).toMatchObject({ org: 'acme' });
  });

  it.each([
    [['--ttl', 'soon'], {}, '--ttl is a whole number'],
    [['--ttl', '99999999999d'], {}, '--ttl is a whole number up to 9999'],
    [['--ttl', '1h', '--ttl', '2h'], {}, 'The option is given twice'],
    [['--workspace', ''], {}, 'option --workspace: must not be empty'],
    [['--workspace', 'a\u0001'], {}, 'option --workspace: must not contain control characters'],
    [['--role', 'x'], {}, "unknown option '--role'"],
    [['acme'], {}, 'too many arguments'],
    [[], { EVERGRANT_HOME: '/nowhere' }, 'There is no signing key at /nowhere/jwt.private.json: npm start makes it'],
    [[], { API_KEY_PREFIX: 'A' }, 'API_KEY_PREFIX: must be 2 to 8 lower-case letters'],
  ])('ends with exit code 1 and one sentence when the options are %j and the environment has %j', async (...row) => {
    const [options, env, sentence] = row;
    const { stdout, stderr, exitCode } = await run(options, env);
    expect([stdout, exitCode]).toEqual(['', 1]);
    expect(stderr).toContain(sentence);
  });

  it('does not quote a signing key that is damaged', async () => {
    const damaged = mkdtempSync(join(home, 'damaged-'));
    writeFileSync(join(damaged, 'jwt.private.json'), '{"d":"private');
    const { stderr, exitCode } = await run([], { EVERGRANT_HOME: damaged });
    expect(stderr).toContain('There is no valid signing key at ');
    expect([stderr.includes('private"'), stderr.includes('"d"'), exitCode]).toEqual([false, false, 1]);
  });
});
