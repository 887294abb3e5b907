import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeHome, makeSecrets } from './home.mjs';

let place: string;
let home: string;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const read = (name: string) => readFileSync(join(home, name), 'utf8');

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'evergrant-home-'));
  home = join(place, 'home');
  makeHome(home);
});
afterEach(() => rmSync(place, { recursive: true }));

describe('EVERGRANT_HOME', () => {
  it('is for its owner alone, and so is every secret in it', () => {
    makeSecrets(home);
    expect(modeOf(home)).toBe('700');
    for (const name of ['master.key', 'jwt.private.json', 'postgres.password'])
      expect(modeOf(join(home, name))).toBe('600');
  });

  it('is refused at once where it cannot be a folder', () => {
    const file = join(place, 'file');
    writeFileSync(file, '', { mode: 0o644 });
    for (const refused of ['/proc/none/of/these', '/dev/null/home', file, join(file, 'home')])
      expect(() => {
        makeHome(refused);
      }).toThrow(refused);
    expect(modeOf(file)).toBe('644');
  });

  it('gets its file modes back when they were widened', () => {
    makeSecrets(home);
    chmodSync(home, 0o755);
    chmodSync(join(home, 'master.key'), 0o644);
    makeHome(home);
    makeSecrets(home);
    expect([modeOf(home), modeOf(join(home, 'master.key'))]).toEqual(['700', '600']);
  });

  it.each(['', 'x', 'null', '{"kty":'])(
    'is refused by the name of the file where the key in it is damaged: %j',
    (text) => {
      const path = join(home, 'jwt.private.json');
      writeFileSync(path, text);
      expect(() => makeSecrets(home)).toThrow(`${path} is damaged: remove it, and the next start makes a new key.`);
    },
  );

  it('keeps its secrets over every later start', () => {
    makeSecrets(home);
    const before = readdirSync(home).map(read);
    makeSecrets(home);
    expect(readdirSync(home).map(read)).toEqual(before);
  });

  it('has a master key of 32 bytes with an id', () => {
    makeSecrets(home);
    const [id, text = ''] = read('master.key').trim().split(':');
    expect([id, Buffer.from(text, 'base64').length]).toEqual(['k1', 32]);
  });

  it('has a key pair named by its thumbprint, and gives away no private part', async () => {
    makeSecrets(home);
    const [secret, shown] = [JSON.parse(read('jwt.private.json')), JSON.parse(read('jwt.public.json'))];
    expect(shown.kid).toBe(await calculateJwkThumbprint(secret));
    expect(secret.d).toEqual(expect.any(String));
    expect(shown).toEqual({ ...secret, d: undefined });
    expect(Object.keys(shown)).not.toContain('d');
  });
});
