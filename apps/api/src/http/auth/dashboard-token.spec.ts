import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenKeys } from './dashboard-token.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-keys-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const written = (text: string): string => {
  const path = join(folder, 'jwt.json');
  writeFileSync(path, text);
  return path;
};
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = publicKey.export({ format: 'jwk' });

describe('the file of the public key', () => {
  it.each([
    ['a PEM file', publicKey.export({ format: 'pem', type: 'spki' }).toString()],
    ['the private key as PEM', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
    ['null', 'null'],
    ['nothing', ''],
    ['a key without kid', JSON.stringify(jwk)],
    ['a point that is not on the curve', JSON.stringify({ ...jwk, x: 'AAAA', kid: 'a' })],
    ['a key set', JSON.stringify({ keys: [{ ...jwk, kid: 'a' }] })],
  ])('is refused by the name of its variable, and without its content, where it holds %s', (_what, text) => {
    expect(() => readTokenKeys(written(text))).toThrow(
      new Error('JWT_PUBLIC_KEY_FILE: must hold one P-256 public key as a JWK with a kid'),
    );
  });

  it('is refused by the name of its variable where it cannot be read', () => {
    expect(() => readTokenKeys(join(folder, 'absent'))).toThrow(/^JWT_PUBLIC_KEY_FILE cannot be used: ENOENT/);
    expect(() => readTokenKeys(folder)).toThrow(/^JWT_PUBLIC_KEY_FILE cannot be used: EISDIR/);
  });

  it('is read where it holds one', () => {
    expect(readTokenKeys(written(JSON.stringify({ ...jwk, kid: 'a' })))).toEqual(expect.any(Function));
  });
});
