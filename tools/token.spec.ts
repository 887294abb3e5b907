import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importJWK, jwtVerify } from 'jose';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSecrets } from './start/home.mjs';

let home;
const token = (args, env = {}) =>
  spawnSync(process.execPath, ['tools/token.mjs', ...args], {
    encoding: 'utf8',
    env: { ...process.env, EVERGRANT_HOME: home, ...env },
  });
const claimsOf = async (text, expected) => {
  const jwk = JSON.parse(readFileSync(join(home, 'jwt.public.json'), 'utf8'));
  return (await jwtVerify(text.trim(), await importJWK(jwk), expected)).payload;
};

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'evergrant-token-'));
  makeSecrets(home);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('npm run token', () => {
  it('prints a token of a workspace that the public key verifies', async () => {
    const claims = await claimsOf(token(['--workspace', 'acme', '--ttl', '5m']).stdout, {
      issuer: 'evergrant',
      audience: 'evergrant',
    });
    expect(claims).toMatchObject({ sub: 'acme', exp: claims.iat + 300 });
    expect(claims).not.toHaveProperty('roles');
  });

  it('makes an operator only when asked', async () => {
    expect((await claimsOf(token(['--operator']).stdout)).roles).toEqual(['operator']);
  });

  it('names the workspace where the API looks for it', async () => {
    const claims = await claimsOf(
      token(['--workspace', 'acme'], { JWT_WORKSPACE_CLAIM: 'org', JWT_ISSUER: 'me' }).stdout,
      { issuer: 'me' },
    );
    expect(claims).toMatchObject({ org: 'acme' });
  });

  it.each([
    [['--ttl', 'soon'], {}, '--ttl is a whole number'],
    [['--role', 'x'], {}, "Unknown option '--role'"],
    [[], { EVERGRANT_HOME: '/nowhere' }, 'There is no signing key at /nowhere/jwt.private.json: npm start makes it'],
  ])('says in a sentence what is wrong: %j', (args, env, sentence) => {
    const { status, stdout, stderr } = token(args, env);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
  });
});
