import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { errors, type JWTPayload } from 'jose';
import { createLogger } from '#observability';
import { JwksServer, SigningKey } from '../../../../../test/support/jwks-server.js';
import { tokenVerifier } from './dashboard-token.js';
import { RemoteKeys } from './remote-keys.js';

let es256: SigningKey;
let rs256: SigningKey;
let ed25519: SigningKey;
let later: SigningKey;
let server: JwksServer;
let keys: RemoteKeys;
let seconds: number;
let verify: (token: string) => Promise<JWTPayload>;

const logger = createLogger({ app: 'test', level: 'silent' });

beforeAll(async () => {
  [es256, rs256, ed25519, later] = await Promise.all([
    SigningKey.make('ec', 'ES256'),
    SigningKey.make('rsa', 'RS256'),
    SigningKey.make('ed', 'EdDSA'),
    SigningKey.make('later', 'ES256'),
  ]);
});

beforeEach(async () => {
  server = await JwksServer.start(es256, rs256, ed25519);
  seconds = 0;
  keys = new RemoteKeys({ url: server.url, logger, now: () => seconds * 1_000 });
  const algorithms = ['ES256', 'RS256', 'EdDSA'];
  verify = tokenVerifier({ keys: keys.find, algorithms, issuer: 'https://id.example', audience: 'evergrant' });
});

afterEach(async () => {
  await server.stop();
});

/** Refused as every other bad credential, never by an error of the service. */
const expectRefusal = async (token: string | Promise<string>): Promise<void> => {
  await expect(verify(await token)).rejects.toBeInstanceOf(errors.JOSEError);
};

const unsigned = (header: object, claims: object): string =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

const CLAIMS = {
  sub: 'default',
  iss: 'https://id.example',
  aud: 'evergrant',
  exp: Math.floor(Date.now() / 1_000) + 300,
};

describe('a token signed with a key of the set', () => {
  it('is accepted with ES256, RS256 and EdDSA, after one load', async () => {
    for (const key of [es256, rs256, ed25519])
      expect(await verify(await key.sign({ claims: { sub: key.alg } }))).toMatchObject({ sub: key.alg });
    expect(server.requests).toBe(1);
  });

  it('is accepted where the key names no algorithm, with the one of its type', async () => {
    server.keys = [es256, rs256, ed25519].map(({ publicJwk: { alg: _alg, use: _use, ...jwk } }) => jwk);
    for (const key of [es256, rs256, ed25519]) await expect(verify(await key.sign())).resolves.toBeDefined();
  });

  it.each([
    ['of another issuer', { issuer: 'https://id.example/' }],
    ['for another audience', { audience: 'another' }],
    ['that has expired', { expires: '-1s' }],
    ['that is not yet valid', { notBefore: '1m' }],
    ['with the id of a key of another type', { kid: 'rsa' }],
    ['with an unknown key id', { kid: 'unknown' }],
  ])('is refused %s', async (_what, overrides) => {
    await expectRefusal(es256.sign(overrides));
  });

  it('is refused where the key is for another algorithm of its type, or not for signatures', async () => {
    server.keys = [
      { ...rs256.publicJwk, alg: 'PS256' },
      { ...es256.publicJwk, use: 'enc' },
    ];
    await expectRefusal(rs256.sign());
    await expectRefusal(es256.sign());
  });
});

describe('the algorithm of a token', () => {
  it('is refused as HS256 with the public key as the secret, in each form of that key', async () => {
    const publicKey = createPublicKey({ key: rs256.publicJwk as JsonWebKey, format: 'jwk' });
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(rs256.publicJwk),
      rs256.publicJwk.n!,
    ];
    const input = unsigned({ alg: 'HS256', kid: 'rsa' }, CLAIMS);
    for (const secret of secrets)
      await expectRefusal(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
    expect(server.requests).toBe(0);
  });

  it('is refused as HS256 where the set has a shared key', async () => {
    const secret = Buffer.alloc(32, 1);
    server.keys = [{ kty: 'oct', k: secret.toString('base64url'), kid: 'shared', alg: 'HS256' }];
    const input = unsigned({ alg: 'HS256', kid: 'shared' }, CLAIMS);
    await expectRefusal(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
  });

  it.each(['none', 'None', 'ES384', 'RS512', 'PS256', 'Ed448', 'ES256K', ''])('is refused as "%s"', async (alg) => {
    await expectRefusal(`${unsigned({ alg, kid: 'ec' }, CLAIMS)}.`);
    await expectRefusal(`${unsigned({ alg, kid: 'ec' }, CLAIMS)}.AAAA`);
  });

  it('is refused where it is not that of the named key', async () => {
    for (const [key, kid] of [
      [rs256, 'ec'],
      [es256, 'rsa'],
      [ed25519, 'ec'],
      [es256, 'ed'],
    ] as const)
      await expectRefusal(key.sign({ kid }));
  });
});

describe('a rotation of keys', () => {
  it('is followed when a token names a new key, and the cool-down has passed', async () => {
    await verify(await es256.sign());
    server.keys = [later.publicJwk];
    await expectRefusal(later.sign());
    seconds = 30;
    await expect(verify(await later.sign())).resolves.toBeDefined();
    await expectRefusal(es256.sign());
    expect(server.requests).toBe(2);
  });

  it('is followed at the next regular load, so that a removed key is refused', async () => {
    await verify(await es256.sign());
    server.keys = [later.publicJwk];
    await keys.load();
    await expectRefusal(es256.sign());
    await expect(verify(await later.sign())).resolves.toBeDefined();
  });

  it('costs one request in 30 seconds, however many tokens name unknown keys', async () => {
    await verify(await es256.sign());
    for (const at of [0, 10, 29, 30, 31, 59, 60]) {
      seconds = at;
      await Promise.all(Array.from({ length: 20 }, async (_, n) => expectRefusal(es256.sign({ kid: `unknown-${n}` }))));
    }
    expect(server.requests).toBe(3);
  });
});

const failures: [string, (server: JwksServer) => void][] = [
  ['500', (jwks) => (jwks.instead = (_, response) => response.writeHead(500).end('{"keys":[]}'))],
  [
    'a redirect to the keys',
    (jwks) =>
      (jwks.instead = ({ url }, response) =>
        url === '/moved'
          ? response.end(JSON.stringify({ keys: jwks.keys }))
          : response.writeHead(302, { location: '/moved' }).end()),
  ],
  ['a page', (jwks) => (jwks.instead = (_, response) => response.end('<html>'))],
  ['no key set', (jwks) => (jwks.instead = (_, response) => response.end('{"keys":{}}'))],
  ['a set of 1 MB', (jwks) => (jwks.instead = (_, response) => response.end(hugeSet(jwks)))],
  [
    'a set of 1 MB in 2 kB of gzip',
    (jwks) =>
      (jwks.instead = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(hugeSet(jwks)))),
  ],
  ['a closed connection', (jwks) => (jwks.instead = (_, response) => response.destroy())],
  [
    'half of a set',
    (jwks) =>
      (jwks.instead = (_, response) => {
        response.writeHead(200, { 'content-length': '5000' }).write('{"keys":[');
        response.destroy();
      }),
  ],
];

const hugeSet = (jwks: JwksServer): string => JSON.stringify({ keys: jwks.keys, filler: ' '.repeat(1_000_000) });

describe('a JWKS URL that answers', () => {
  it.each(failures)('%s: the loaded keys stay in use, and unknown ones are refused', async (_what, fail) => {
    await verify(await es256.sign());
    fail(server);
    expect(await keys.load()).toBe(false);
    const before = server.requests;
    await expect(verify(await es256.sign())).resolves.toBeDefined();
    await expectRefusal(later.sign());
    expect(server.requests).toBe(before);
  });

  it.each(failures)(
    '%s at the start: every token is refused until it recovers, with one request in 5 seconds',
    async (_what, fail) => {
      fail(server);
      for (let n = 0; n < 5; n += 1) await expectRefusal(es256.sign());
      expect(server.requests).toBe(1);
      server.instead = undefined;
      seconds = 5;
      await expect(verify(await es256.sign())).resolves.toBeDefined();
    },
  );

  it.each<[string, JwksServer['instead']]>([
    ['nothing', () => undefined],
    ['the begin of a set, and no more', (_, response) => response.writeHead(200).write('{"keys":[')],
  ])('%s: a load ends after 3 seconds, and tokens with known keys do not wait for it', async (_what, hanging) => {
    await verify(await es256.sign());
    server.instead = hanging;
    seconds = 30;
    const began = performance.now();
    const unknown = expectRefusal(later.sign());
    await verify(await es256.sign());
    expect(performance.now() - began).toBeLessThan(2_000);
    await unknown;
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  it('broken and weak keys beside a good one: only tokens with those are refused', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' });
    server.keys = [
      { ...weak, kid: 'weak', kty: 'RSA' },
      { ...es256.publicJwk, kid: 'broken', x: 'AAAA' },
      { ...es256.publicJwk, kid: 'private', d: es256.publicJwk.x! },
      { ...es256.publicJwk, kid: 'twice' },
      { ...later.publicJwk, kid: 'twice' },
      es256.publicJwk,
    ];
    await expect(verify(await es256.sign())).resolves.toBeDefined();
    await expectRefusal(rs256.sign({ kid: 'weak' }));
    for (const kid of ['broken', 'private', 'twice']) await expectRefusal(es256.sign({ kid }));
  });
});
