import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { runCommand } from '../support/app-process.js';
import { Backend, type Reply, until } from '../support/backend.js';
import { freePorts } from '../support/free-ports.js';
import { launch, type Launched } from '../support/launch.mjs';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { openTestRedis, redisIsHere, type TestRedis } from '../support/redis.js';
import { type Places, readFolder, readRedis, readTables } from '../support/secret-places.js';
import { PlatformRecorder } from '../support/platform-recorder.js';
import { type KnownSecret, SecretSearch } from '../support/secret-search.js';
import { dashboardToken, databaseUrlOf } from '../support/service-processes.mjs';
import { OwnOAuth } from '../support/supplied-tokens.js';

const random = (kind: string): string => `${kind}-${randomBytes(24).toString('base64url')}`;
const RETURN_URL = 'http://localhost:4999/connected';

/** A backend that keeps every answer but those whose purpose is to hand out a secret. */
class ListeningBackend extends Backend {
  readonly answers: Buffer[] = [];

  override async request(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
    const answer = await super.request(method, path, init);
    const isHandOut = [/\/start\?|\/start$/, /\/attempts\//, /\/token$/, /\/reauth/, /\/callback/].some((one) =>
      one.test(path),
    );
    const isNewKey = method === 'POST' && path === '/v1/api-keys';
    if (!isHandOut && !isNewKey) this.answers.push(Buffer.from(JSON.stringify([answer.body, [...answer.headers]])));
    return answer;
  }
}

describe.each([['postgres'], ...(redisIsHere ? [['redis']] : [])])(
  'the secrets of a service whose queue is on %s',
  (queue) => {
    let home: string;
    let receiver: OtlpReceiver;
    let recorder: PlatformRecorder;
    let redis: TestRedis | undefined;
    let launched: Launched;
    let backend: ListeningBackend;
    const known: KnownSecret[] = [];
    const commands: string[] = [];
    const sent = { client: random('client-secret'), replaced: random('client-secret'), answer: random('answer') };

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'evergrant-secrets-'));
      const ports = await freePorts();
      receiver = await OtlpReceiver.open();
      recorder = await PlatformRecorder.open(`http://localhost:${ports.sandboxPort}`);
      redis = queue === 'redis' ? await openTestRedis(home) : undefined;
      delete process.env.REDIS_URL;
      if (redis) process.env.REDIS_URL = redis.url;
      Object.assign(process.env, {
        SANDBOX_URL: recorder.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        LOG_LEVEL: 'trace',
      });
      launched = launch({ home, ...ports });
      await launched.ready();
      const written = JSON.parse(await readFile(join(home, 'session.json'), 'utf8')) as Record<string, string>;
      backend = new ListeningBackend(
        { apiUrl: written.api_url!, sandboxUrl: recorder.url, home },
        written.test_api_key!,
      );
      for (const [kind, value] of Object.entries(sent)) known.push({ kind: `${kind} secret`, value });
      known.push({ kind: 'API key', value: backend.key });
      const masterKey = (await readFile(join(home, 'master.key'), 'utf8')).trim().split(':')[1]!;
      known.push({ kind: 'master key', value: Buffer.from(masterKey, 'base64') });
      known.push({ kind: 'database password', value: await readFile(join(home, 'postgres.password'), 'utf8') });
    }, 180_000);

    afterAll(async () => {
      launched.signal('SIGTERM');
      await launched.exited;
      recorder.close();
      await receiver.close();
      await redis?.stop();
      await rm(home, { recursive: true, force: true });
    }, 60_000);

    const keep = (kind: string, value: string | null | undefined): string => {
      if (!value) throw new Error(`no ${kind} came`);
      known.push({ kind, value });
      return value;
    };
    const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search;

    /** Start, consent and callback; returns where the browser lands. */
    async function consent(query: string, persona: string): Promise<{ state: string; landed: URL }> {
      const { authorize_url, state } = await backend.start('x', query);
      keep('state', state);
      const back = await backend.decide(authorize_url, persona);
      const { headers } = await backend.request('GET', pathOf(back));
      return { state, landed: new URL(headers.get('location')!) };
    }

    /** Reads every place in which bytes of the service lie. */
    async function readPlaces(): Promise<Places> {
      return new Map([
        ['logs', Buffer.from(launched.output())],
        ['output of commands', Buffer.from(commands.join('\n'))],
        ['answers', Buffer.concat(backend.answers)],
        ['metrics', Buffer.from(String((await backend.get('/metrics')).body))],
        ['spans', receiver.bytes],
        ...(await readTables(databaseUrlOf(home))),
        ...readFolder('journal', join(home, 'journal')),
        ...readFolder('write-ahead log', join(home, 'postgres/pg_wal')),
        ...(redis ? await readRedis(redis.url) : []),
      ]);
    }

    /** `logs: client secret, hex` */
    const leaks = (places: Places): string[] => {
      const search = new SecretSearch([...known, ...recorder.secrets]);
      return [...places].flatMap(([place, bytes]) => search.find(bytes).map((what) => `${place}: ${what}`));
    };

    it('drives every flow that handles a secret', async () => {
      const made = await backend.post('/v1/oauth-apps', {
        ...{
          provider: 'x',
          name: 'secrets',
          client_id: `secrets-${queue}`,
          client_secret: sent.client,
          is_default: true,
        },
      });
      expect(made.status).toBe(201);
      const app = made.body as { id: string; client_id: string; redirect_uri: string };
      expect((await backend.post(`/v1/oauth-apps/${app.id}/check`)).status).toBe(200);
      const confirming = await backend.post('/v1/oauth-apps', {
        ...{ provider: 'x', name: 'confirming', client_id: `confirming-${queue}`, client_secret: sent.replaced },
        completion: 'confirm',
      });
      expect(confirming.status).toBe(201);

      // Connect, and a code that the platform does not know.
      const first = await consent('', 'happy');
      const { body: attempt } = await backend.get(`/v1/oauth/attempts/${first.state}`);
      const id = String((attempt as { account_ids: string[] }).account_ids[0]);
      const failing = await backend.start('x');
      const back = new URL(await backend.decide(keep('state', failing.state) && failing.authorize_url, 'mei'));
      back.searchParams.set('code', keep('code', random('code')));
      await backend.request('GET', pathOf(back.href));

      // A confirmed completion: a mismatch, and one that ends well.
      for (const user of ['other', 'user']) {
        const query = `?oauth_app_id=${(confirming.body as { id: string }).id}&user_ref=user&return_url=${encodeURIComponent(RETURN_URL)}`;
        const { state, landed } = await consent(query, 'omar');
        const connect_token = keep('connect token', landed.searchParams.get('connect_token'));
        await backend.post(`/v1/oauth/attempts/${state}/complete`, { connect_token, user_ref: user });
      }

      // A refresh, one that is refused, one whose answer cannot be read, and a probe that is refused.
      await backend.pass(61);
      expect((await backend.post(`/v1/accounts/${id}/refresh`)).status).toBe(200);
      for (const [status, body] of [
        [200, `<html>${sent.answer}`],
        [400, JSON.stringify({ error: 'invalid_request', error_description: sent.answer })],
      ] as const) {
        await backend.pass(61);
        const body_base64 = Buffer.from(body).toString('base64');
        await backend.control('POST', '/faults', { provider: 'x', endpoint: 'token', status, body_base64 });
        await backend.post(`/v1/accounts/${id}/refresh`);
        await backend.control('DELETE', '/faults');
      }
      await backend.control('POST', '/faults', {
        ...{ provider: 'x', endpoint: 'identity', status: 401 },
        body_base64: Buffer.from(JSON.stringify({ title: 'Unauthorized', detail: sent.answer })).toString('base64'),
      });
      await backend.post(`/v1/accounts/${id}/probe`);
      await backend.control('DELETE', '/faults');

      // Tokens handed out, used in the proxy, and supplied.
      await backend.get(`/v1/accounts/${id}/token`);
      await backend.get(`/v1/accounts/${id}/proxy/2/users/me`);
      await backend.post(`/v1/accounts/${id}/reauth`, { expires_in: 3_600 });
      const own = new OwnOAuth(recorder.url, 'x', {
        ...{ clientId: app.client_id, redirectUri: app.redirect_uri, clientSecret: sent.client },
      });
      const supplied = await own.tokens('paula');
      const manual = (accessToken: string, person: string): Promise<Reply> =>
        backend.post('/v1/accounts', {
          ...{ provider: 'x', platform_account_id: person, oauth_app_id: app.id },
          credentials: { access_token: accessToken, refresh_token: supplied.refresh_token },
        });
      const person = await own.userId(supplied.access_token);
      expect((await manual(supplied.access_token, '12345')).status).toBeGreaterThanOrEqual(400);
      expect((await manual(keep('supplied token', random('token')), person)).status).toBeGreaterThanOrEqual(400);
      const account = await manual(supplied.access_token, person);
      expect(account.status).toBe(201);

      // Credentials of callers, and secrets where none belongs.
      const key = await backend.post('/v1/api-keys', { name: 'second', scopes: ['accounts:read'] });
      const second = keep('API key', (key.body as { key: string }).key);
      await new Backend(backend.service, second).get('/v1/accounts');
      const token = dashboardToken(home, 'default');
      keep('JWT', token.split('.')[2]);
      await new Backend(backend.service, token).get('/v1/accounts');
      const stray = keep('stray secret', random('stray'));
      await new Backend(backend.service, stray).get(`/v1/accounts?access_token=${stray}`);
      await backend.request('POST', '/v1/oauth-apps', {
        ...{ body: `{"client_secret": "${stray}`, headers: { 'content-type': 'application/json' } },
      });
      await backend.request('POST', `/v1/callbacks/x/${app.id}`, {
        ...{ body: `{"token":"${stray}"}`, headers: { 'x-twitter-webhooks-signature': `sha256=${stray}` } },
      });

      // The worker, a disconnect with its revocation, and the rotation of the master key.
      await backend.pass(102);
      await until(() => Promise.resolve(launched.output().includes('refresh.settled')), Boolean, 45);
      expect((await backend.delete(`/v1/accounts/${(account.body as { id: string }).id}`)).status).toBe(204);
      await until(() => Promise.resolve(launched.output().includes('revocation.settled')), Boolean, 45);
      const rotated = await runCommand(['keys', 'rotate'], {
        DATABASE_URL: databaseUrlOf(home),
        MASTER_KEYS: (await readFile(join(home, 'master.key'), 'utf8')).trim(),
      });
      commands.push(rotated.stdout, rotated.log);
      const kinds = new Set(recorder.secrets.map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual(['PKCE verifier', 'access token', 'client secret', 'code', 'refresh token']);
    }, 240_000);

    it('finds no secret in a log, table, queue, journal, write-ahead log, answer, metric or span', async () => {
      expect(leaks(await readPlaces())).toEqual([]);
    }, 120_000);

    it('finds a secret that is planted in any of these places', async () => {
      const token = recorder.secrets.find(({ kind }) => kind === 'access token')!.value as string;
      await backend.request('GET', '/v1/accounts', { headers: { 'x-request-id': sent.client } });
      await writeFile(join(home, 'journal/planted'), Buffer.from(token).toString('hex'));
      const client = new pg.Client(databaseUrlOf(home));
      await client.connect();
      await client.query('update workspaces set name = $1 where name = $2', [token, 'default']);
      await client.end();
      await until(() => Promise.resolve(receiver.bytes.includes(sent.client)), Boolean);
      const found = leaks(await readPlaces());
      for (const place of ['logs', 'answers', 'spans', 'table public.workspaces', 'journal planted', 'write-ahead log'])
        expect(found.filter((leak) => leak.startsWith(place))).not.toEqual([]);
    }, 120_000);
  },
);
