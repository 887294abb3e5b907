import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { SecretSearch } from './support/secret-search.js';

const secret = `s3cr3t/"${randomBytes(24).toString('base64')}+é`;
const key = randomBytes(32);
const search = new SecretSearch([
  { kind: 'client secret', value: secret },
  { kind: 'master key', value: key },
]);
const inBase64 = (before: string, encoding: 'base64' | 'base64url' = 'base64'): string =>
  Buffer.from(`${before}${secret}"}`).toString(encoding);
const noise = randomBytes(5_000).toString('latin1');
const around = (text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(noise, 'latin1'), Buffer.from(text as string), Buffer.from(noise, 'latin1')]);

describe('the search for secrets', () => {
  it.each<[string, string | Buffer]>([
    ['as it is', secret],
    ['without its first half', secret.slice(20)],
    ['without its second half', secret.slice(0, 20)],
    ['in base64 at the first byte of a group', inBase64('abc')],
    ['in base64 at the second byte of a group', inBase64('a')],
    ['in base64 at the third byte of a group', inBase64('ab')],
    ['in base64url', inBase64('{"', 'base64url')],
    ['in hex', Buffer.from(secret).toString('hex')],
    ['in upper-case hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['in a query', new URLSearchParams({ secret }).toString()],
    ['in a path', encodeURIComponent(secret)],
    ['in JSON', JSON.stringify({ secret })],
    ['backwards', Array.from(secret).reverse().join('')],
    ['in UTF-16', Buffer.from(secret, 'utf16le')],
    ['compressed', gzipSync(JSON.stringify({ secret }))],
  ])('finds a secret %s', (_form, planted) => {
    expect(search.find(around(planted)).join()).toContain('client secret');
  });

  it.each<[string, string | Buffer]>([
    ['as bytes', key],
    ['in base64', key.toString('base64')],
    ['in hex', key.toString('hex')],
  ])('finds a key of bytes %s', (_form, planted) => {
    expect(search.find(around(planted)).join()).toContain('master key');
  });

  it('finds nothing where there is nothing', () => {
    expect(search.find(around('a text without any of them'))).toEqual([]);
  });

  it('refuses a secret that is too short to differ from chance', () => {
    expect(() => new SecretSearch([{ kind: 'a secret', value: 'short' }])).toThrow('too short');
  });
});
