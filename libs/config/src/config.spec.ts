import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { readApiConfig, readExchangerConfig, readSandboxConfig, readWorkerConfig } from './config.js';
import * as sections from './sections.js';

const complete = {
  DATABASE_URL: 'postgres://u:hunter2@localhost/db',
  MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
};

describe('reading the environment', () => {
  it('uses a default for every variable but the database and the master keys', () => {
    expect(readApiConfig(complete).http).toEqual({
      host: '127.0.0.1',
      port: 3000,
      projectsErrorParameter: 'layers_oauth_error',
      publicUrl: 'http://localhost:3000',
      shutdownDelay: 5_000,
      trustedProxies: [],
    });
  });

  it('accepts trusted proxies by address and by range', () => {
    const proxies = (text: string): string[] =>
      readApiConfig({ ...complete, TRUSTED_PROXIES: text }).http.trustedProxies;
    expect(proxies('10.0.0.0/8, 192.0.2.7,fd00::/8,::1,')).toEqual(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1']);
    for (const wrong of ['proxy.example', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10', '10.1.1.1;10.1.1.2']) {
      expect(() => proxies(wrong)).toThrow(/TRUSTED_PROXIES: must be addresses or CIDR ranges/);
    }
  });

  it.each([
    ['a percent sign in the password', 'postgres://u:p%zz@db/evergrant'],
    ['a # in the password', 'postgres://u:p#ss@db/evergrant'],
    ['a / in the password', 'postgres://u:p/ss@db/evergrant'],
    ['a port that is no number', 'postgres://u:p@db:port/evergrant'],
  ])('shows how to write a URL of a database with %s', (_what, DATABASE_URL) => {
    const read = () => readApiConfig({ ...complete, DATABASE_URL });
    expect(read).toThrow(/DATABASE_URL: must be a postgres:\/\/ URL; where the password contains .*%23/);
    expect(read).not.toThrow(/ss@|zz@/);
  });

  it('accepts a URL of a database with white space around it, and escapes in it', () => {
    const url = (DATABASE_URL: string): string => readApiConfig({ ...complete, DATABASE_URL }).database.url.reveal();
    expect(url(' postgres://u:p%25%23%2F@db/evergrant\n')).toBe('postgres://u:p%25%23%2F@db/evergrant');
  });

  it.each(['https://user:word@a.example', 'https://a.example/?b=c', 'https://a.example/#b'])(
    'refuses %s as the address of the API',
    (PUBLIC_URL) => {
      expect(() => readApiConfig({ ...complete, PUBLIC_URL })).toThrow(/PUBLIC_URL: must be an http\(s\) URL without/);
    },
  );

  it.each([
    ['10/8', 'the short form of a range, which ipaddr.js reads as 0.0.0.10/8'],
    ['172.16/12', 'the short form of a private range, which ipaddr.js reads as the public 172.0.0.16/12'],
    ['010.0.0.0/8', 'an octal number'],
    ['0x0a.0.0.0/8', 'a hexadecimal number'],
    ['167772160/8', 'one number'],
    ['::ffff:0:0/96', 'every IPv4 address, mapped into IPv6'],
    ['::ffff:0:0/90', 'more than every IPv4 address, mapped into IPv6'],
    ['10.0.0.0/255.0.0.0', 'a range with a netmask'],
    ['10.0.0.1-10.0.0.9', 'a range with a hyphen'],
    ['10.0.0.*', 'a range with a star'],
    ['[::1]', 'an address in brackets'],
    ['10.0.0.1:443', 'an address with a port'],
    ['fe80::1%eth0/64', 'a range with a zone'],
    ['loopback', 'a name of a range'],
    ['true', 'a truth value'],
  ])('refuses %s as a trusted proxy, and names it: %s', (entry) => {
    const read = () => readApiConfig({ ...complete, TRUSTED_PROXIES: `192.0.2.7, ${entry}` });
    expect(read).toThrow(`TRUSTED_PROXIES: must be addresses or CIDR ranges`);
    expect(read).toThrow(`"${entry}" is none`);
  });

  it('accepts a JWKS URL over https, or over http on this machine, with an issuer and an audience', () => {
    const jwt = (
      url: string,
      more: NodeJS.ProcessEnv = { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'evergrant' },
    ) => readApiConfig({ ...complete, JWT_JWKS_URL: url, ...more }).callers.jwt;
    for (const url of [
      'https://id.example/keys?v=1',
      'http://localhost:8080/keys',
      'http://127.0.0.1/keys',
      'http://[::1]:8080/keys',
    ])
      expect(jwt(url)).toMatchObject({ jwksUrl: url, issuer: 'https://id.example', audience: 'evergrant' });
    for (const url of [
      'http://id.example/keys',
      'http://localhost.example/keys',
      'http://127.0.0.1.example/keys',
      'http://10.0.0.1/keys',
      'https://user:password@id.example/keys',
      'https://id.example/keys#1',
      'file:///keys',
      'keys',
    ])
      expect(() => jwt(url)).toThrow(/JWT_JWKS_URL: must be an https URL/);
    expect(() => jwt('https://id.example/keys', {})).toThrow(/JWT_ISSUER: is needed.*\n.*JWT_AUDIENCE: is needed/);
  });

  it('reads limits from variables and refuses a limit of zero', () => {
    const limits = { oauthApps: 100, publicPerMinute: 600, connections: 2_000, connectionsPerAddress: 500 };
    expect(readApiConfig(complete).limits).toEqual(limits);
    expect(readApiConfig({ ...complete, OAUTH_APPS_PER_WORKSPACE: '7' }).limits).toEqual({ ...limits, oauthApps: 7 });
    expect(() => readApiConfig({ ...complete, MAX_CONNECTIONS: '0' })).toThrow(/MAX_CONNECTIONS/);
  });

  it.each([
    ['api', readApiConfig],
    ['worker', readWorkerConfig],
    ['exchanger', readExchangerConfig],
  ] as const)('has an empty variable for one that is not set: %s', (_name, read) => {
    const empty = Object.fromEntries(
      Object.values(sections)
        .flatMap((section) => Object.keys(section.in.shape))
        .map((name) => [name, '']),
    );
    expect(read({ ...empty, ...complete })).toEqual(read(complete));
  });

  it('reports every problem at once, each by the name of its variable', () => {
    expect(() => readApiConfig({ PORT: 'many', API_KEY_PREFIX: 'X' })).toThrow(
      /PORT.*\n.*DATABASE_URL.*\n.*MASTER_KEYS: no master key.*node -p.*\n.*API_KEY_PREFIX/,
    );
  });

  it('reports a required variable that is not set as needed, with its form', () => {
    expect(() => readApiConfig({ MASTER_KEYS: complete.MASTER_KEYS })).toThrow(
      /DATABASE_URL: is needed, and must be a postgres:\/\/ URL$/,
    );
    expect(() => readApiConfig({ ...complete, DATABASE_URL: 'db:5432' })).toThrow(
      /DATABASE_URL: must be a postgres:\/\/ URL$/,
    );
  });

  it('reports the possible values of a choice and of a number in plain words', () => {
    const wrong = { LOG_LEVEL: 'loud', PORT: '70000', DATABASE_POOL: 'ten', MAX_CONNECTIONS: '1.5' };
    expect(() => readApiConfig({ ...complete, ...wrong })).toThrow(
      [
        'The environment is not complete.',
        '  - LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal',
        '  - PORT: must be a whole number from 1 to 65535',
        '  - MAX_CONNECTIONS: must be a whole number from 1 to 1000000',
        '  - DATABASE_POOL: must be a whole number from 2 to 200',
      ].join('\n'),
    );
  });

  it('never includes a value in a problem', () => {
    expect(() => readApiConfig({ ...complete, DATABASE_URL: 'mysql://u:hunter2@h/db' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('reads secrets as values that do not print', () => {
    expect(inspect(readApiConfig(complete), { depth: 9 })).not.toMatch(/hunter2|AAAA/);
  });

  it('requires neither a database nor a key for the sandbox', () => {
    expect(readSandboxConfig({ SANDBOX_PORT: '4000' }).sandbox).toMatchObject({
      port: 4000,
      url: 'http://localhost:4000',
    });
  });
});
