import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type JWTPayload, SignJWT } from 'jose';
import { createApp } from '../../apps/api/src/create-app.js';
import { API_SCOPES, CreateApiKey, EnsureWorkspace, type NewApiKey } from '#accounts';
import { readApiConfig } from '#config';
import { createLogger, type Logger } from '#observability';
import { openTestDatabase, type TestDatabase } from './database.js';
import { type ApiDocument, DeclaredAnswers } from './declared-answers.js';
import { inProcessExchanger } from './in-process-exchanger.js';

export type ApiKeyOverrides = Partial<Omit<NewApiKey, 'caller'>> & { workspace?: string };
export type TokenOverrides = {
  claims?: JWTPayload;
  kid?: string;
  expires?: string | null;
  issuer?: string;
  audience?: string;
};

/** The real API on a database of its own, over real HTTP. One at a time: passport keeps its strategies for the whole process. */
export interface TestApi {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly database: TestDatabase;
  /** Makes an API key: by default of `test`, with every scope. */
  key(overrides?: ApiKeyOverrides): Promise<string>;
  /** Signs a dashboard token, by default a valid one. */
  token(overrides?: TokenOverrides): Promise<string>;
  /** Signs any two texts as header and claims of a dashboard token, with ES256. */
  signed(header: string, claims: string | Buffer): string;
  /** The public key that dashboard tokens are checked with, as PEM. */
  readonly publicPem: string;
  /** Throws where a JSON answer is not as the API's document declares it. */
  call(path: string, init?: RequestInit & { as?: string }): Promise<Response>;
  /** POST of a JSON body. */
  post(path: string, as: string, body: unknown): Promise<Response>;
  close(): Promise<void>;
}

/** Opens it; `env` goes over the environment that it is given, and may be made of the database's URL. */
export async function openTestApi(
  env: NodeJS.ProcessEnv | ((databaseUrl: string) => Promise<NodeJS.ProcessEnv>) = {},
  logger: Logger = silent(),
): Promise<TestApi> {
  const database = await openTestDatabase();
  const changes = typeof env === 'function' ? await env(database.url) : env;
  const signer = newSigner();
  const config = readApiConfig({
    WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8',
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    PUBLIC_URL: 'http://localhost:3000',
    JWT_PUBLIC_KEY_FILE: signer.publicKeyFile,
    ...changes,
  });
  const app = await createApp(config, logger, inProcessExchanger);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  let declared: Promise<DeclaredAnswers> | undefined;
  const call: TestApi['call'] = async (path, { as, headers, ...init } = {}) => {
    const response = await fetch(`${url}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { ...(as && { authorization: `Bearer ${as}` }), ...(headers as object) },
    });
    await (await (declared ??= readDeclarations(app))).check(init.method ?? 'GET', path, response);
    return response;
  };
  return {
    app,
    url,
    database,
    call,
    key: (overrides) => makeKey(app, overrides),
    token: (overrides) => signer.sign(overrides),
    signed: (header, claims) => signer.signText(header, claims),
    publicPem: signer.publicPem,
    post: (path, as, body) =>
      call(path, { as, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    close: async () => {
      await app.close();
      await database.close();
      signer.close();
    },
  };
}

/** From another address than the calls of the tests, because requests are limited by address. */
async function readDeclarations(app: NestFastifyApplication): Promise<DeclaredAnswers> {
  const { body } = await app.inject({ url: '/v1/openapi.json', remoteAddress: '192.0.2.1' });
  return new DeclaredAnswers(JSON.parse(body) as ApiDocument);
}

const silent = (): Logger => createLogger({ app: 'test', level: 'silent' });

async function makeKey(
  app: NestFastifyApplication,
  { workspace = 'default', ...overrides }: ApiKeyOverrides = {},
): Promise<string> {
  const environment = overrides.environment ?? 'test';
  const workspaceId = await app.get(EnsureWorkspace, { strict: false }).execute(workspace);
  const caller = { tenant: { workspaceId, environment }, kind: 'jwt' as const, scopes: API_SCOPES };
  const createKey = app.get(CreateApiKey, { strict: false });
  const { key } = await createKey.execute({
    name: 'Test',
    scopes: [...API_SCOPES],
    returnHosts: [],
    ...overrides,
    environment,
    caller,
  });
  return key.reveal();
}

interface Signer {
  publicKeyFile: string;
  publicPem: string;
  sign(overrides?: TokenOverrides): Promise<string>;
  signText(header: string, claims: string | Buffer): string;
  close(): void;
}

function newSigner(): Signer {
  const directory = mkdtempSync(join(tmpdir(), 'evergrant-jwt-'));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyFile = join(directory, 'public.jwk.json');
  writeFileSync(publicKeyFile, JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }));
  return {
    publicKeyFile,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    close: () => {
      rmSync(directory, { recursive: true });
    },
    signText: (header, claims) => {
      const signed = [header, claims].map((part) => Buffer.from(part).toString('base64url')).join('.');
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
    sign: ({ claims = {}, kid = 'k1', expires = '5m', issuer = 'evergrant', audience = 'evergrant' } = {}) => {
      const jwt = new SignJWT({ sub: 'default', ...claims }).setProtectedHeader({ alg: 'ES256', kid });
      if (expires !== null) jwt.setExpirationTime(expires);
      return jwt.setIssuer(issuer).setAudience(audience).setIssuedAt().sign(privateKey);
    },
  };
}
