import { describe, expect, it } from '@jest/globals';
import { tmpdir } from 'node:os';
import { readApiConfig, readExchangerConfig } from './config.js';
import { socketPathOf } from './socket-path.js';

const complete = { DATABASE_URL: 'postgres://localhost/db', MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}` };

describe("the path of the exchanger's socket", () => {
  it('is inside the home folder, the same for the exchanger and its callers', () => {
    const env = { ...complete, EVERGRANT_HOME: '/srv/evergrant' };
    expect(readApiConfig(env).exchangerSocket).toBe('/srv/evergrant/run/exchanger.sock');
    expect(readExchangerConfig(env).exchangerSocket).toBe('/srv/evergrant/run/exchanger.sock');
  });

  it('is short for a home of any length and differs between homes', () => {
    const [one, other] = [`/${'a'.repeat(200)}`, `/${'b'.repeat(200)}`].map(socketPathOf);
    expect(one!.startsWith(tmpdir())).toBe(true);
    expect(Buffer.byteLength(one!)).toBeLessThanOrEqual(100);
    expect(one).not.toBe(other);
  });

  it('is the configured path unless that is too long for a socket', () => {
    expect(readApiConfig({ ...complete, EXCHANGER_SOCKET: '/run/e.sock' }).exchangerSocket).toBe('/run/e.sock');
    expect(() => readApiConfig({ ...complete, EXCHANGER_SOCKET: `/${'é'.repeat(60)}` })).toThrow(
      /EXCHANGER_SOCKET: is longer/,
    );
  });
});

describe("the exchanger's environment", () => {
  it('puts the journal into the home folder unless a folder is configured', () => {
    expect(readExchangerConfig({ ...complete, EVERGRANT_HOME: '/srv/e' }).exchanger.journalDir).toBe('/srv/e/journal');
    expect(readExchangerConfig({ ...complete, JOURNAL_DIR: '/journal' }).exchanger.journalDir).toBe('/journal');
  });

  it.each(['W3', 'W3:5'])('takes a point to crash at in tests: %s', (CRASH_AT) => {
    expect(readExchangerConfig({ ...complete, NODE_ENV: 'test', CRASH_AT }).exchanger.crashAt).toBe(CRASH_AT);
  });

  it.each([{ CRASH_AT: 'W3' }, { NODE_ENV: 'test', CRASH_AT: 'W9' }, { NODE_ENV: 'test', CRASH_AT: 'W3:0' }])(
    'refuses a crash elsewhere: %j',
    (env) => {
      expect(() => readExchangerConfig({ ...complete, ...env })).toThrow(/CRASH_AT/);
    },
  );
});
