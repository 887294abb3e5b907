import { expect } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { type Account, type Backend, until, type Reply } from './backend.js';
import { strike } from './service-processes.mjs';
import { signX } from './signed-push.js';
import { OwnOAuth } from './supplied-tokens.js';
import { randomSecret, type WatchedService } from './watched-service.js';

const RETURN_URL = 'http://localhost:4999/connected';
const SCOPES = ['accounts:read', 'accounts:write', 'oauth:write', 'projects:read', 'projects:write'];

interface Made {
  id: string;
  client_id: string;
  redirect_uri: string;
}

const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search;

/** Drives each flow of a service that handles a secret, as its client, the browsers of people, and its operator. */
export class SecretFlows {
  readonly #backend;
  readonly #clientSecret;
  #app!: Made;
  #accountId = '';
  #dashboard!: Backend;

  constructor(private readonly service: WatchedService) {
    this.#backend = service.backend;
    this.#clientSecret = this.#secret('client secret');
  }

  async drive(): Promise<void> {
    await this.#makeApps();
    await this.#connect();
    await this.#confirmCompletions();
    await this.#refreshAndProbe();
    await this.#handOut();
    await this.#followReauthLink();
    await this.#supplyTokens();
    await this.#useCredentials();
    await this.#useProjects();
    await this.#waitForWorker();
    await this.#receivePushes();
    await this.#rotateMasterKeys();
  }

  #secret(kind: string): string {
    return this.service.keep(kind, randomSecret(kind));
  }

  #post(path: string, body?: object): Promise<Reply> {
    return this.#backend.post(path, body);
  }

  async #makeApps(): Promise<void> {
    const app = { provider: 'x', name: 'secrets', client_id: 'secrets', client_secret: this.#clientSecret };
    const made = await this.#post('/v1/oauth-apps', { ...app, is_default: true });
    expect(made.status).toBe(201);
    this.#app = made.body as Made;
    expect((await this.#post(`/v1/oauth-apps/${this.#app.id}/check`)).status).toBe(200);
    const stray = this.#secret('client secret');
    expect((await this.#post('/v1/oauth-apps', { ...app, client_secret: [stray] })).status).toBe(400);
  }

  /** Consent and callback; returns where the browser lands. */
  async #consent(authorizeUrl: string, persona: string): Promise<URL> {
    const back = await this.#backend.decide(authorizeUrl, persona);
    const { headers } = await this.#backend.request('GET', pathOf(back));
    return new URL(headers.get('location')!, RETURN_URL);
  }

  async #start(query = ''): Promise<{ authorize_url: string; state: string }> {
    const started = await this.#backend.start('x', query);
    this.service.keep('state', started.state);
    return started;
  }

  /** An account, and a code that is unknown to the platform. */
  async #connect(): Promise<void> {
    const { authorize_url, state } = await this.#start();
    await this.#consent(authorize_url, 'happy');
    const { body } = await this.#backend.get(`/v1/oauth/attempts/${state}`);
    this.#accountId = String((body as { account_ids: string[] }).account_ids[0]);
    const back = new URL(await this.#backend.decide((await this.#start()).authorize_url, 'mei'));
    back.searchParams.set('code', this.#secret('code'));
    expect((await this.#backend.request('GET', pathOf(back.href))).status).toBeGreaterThanOrEqual(302);
  }

  /** A completion by another user, and one that ends well, at an app whose secret is replaced. */
  async #confirmCompletions(): Promise<void> {
    const app = { provider: 'x', name: 'confirming', client_id: 'confirming', completion: 'confirm' };
    const made = await this.#post('/v1/oauth-apps', { ...app, client_secret: this.#secret('client secret') });
    const { id } = made.body as Made;
    const client_secret = this.#secret('client secret');
    await this.#backend.control('POST', '/apps', { provider: 'x', client_id: app.client_id, client_secret });
    expect((await this.#backend.patch(`/v1/oauth-apps/${id}`, { client_secret })).status).toBe(200);
    for (const [user, status] of [
      ['other', 409],
      ['user', 200],
    ] as const) {
      const returnUrl = encodeURIComponent(RETURN_URL);
      const { authorize_url, state } = await this.#start(`?oauth_app_id=${id}&user_ref=user&return_url=${returnUrl}`);
      const landed = await this.#consent(authorize_url, 'omar');
      const connect_token = this.service.keep('connect token', landed.searchParams.get('connect_token'));
      const done = await this.#post(`/v1/oauth/attempts/${state}/complete`, { connect_token, user_ref: user });
      expect(done.status).toBe(status);
    }
  }

  /** A refresh, one that is refused, one whose answer cannot be read, and a probe that is refused. */
  async #refreshAndProbe(): Promise<void> {
    await this.#backend.pass(61);
    expect((await this.#post(`/v1/accounts/${this.#accountId}/refresh`)).status).toBe(200);
    const quoted = this.#secret('answer of a platform');
    const refusal = JSON.stringify({ error: 'invalid_request', error_description: quoted });
    await this.#withFault('token', 400, refusal, `/v1/accounts/${this.#accountId}/refresh`);
    const profile = JSON.stringify({ title: 'Unauthorized', detail: quoted });
    await this.#withFault('identity', 401, profile, `/v1/accounts/${this.#accountId}/probe`);
    // An account of its own: the answer leaves its tokens in doubt.
    const { authorize_url, state } = await this.#start();
    await this.#consent(authorize_url, 'mei');
    const { body } = await this.#backend.get(`/v1/oauth/attempts/${state}`);
    const [id] = (body as { account_ids: string[] }).account_ids;
    await this.#withFault('token', 200, `<html>${quoted}`, `/v1/accounts/${id}/refresh`);
  }

  async #withFault(endpoint: string, status: number, body: string, path: string): Promise<void> {
    await this.#backend.pass(61);
    const body_base64 = Buffer.from(body).toString('base64');
    await this.#backend.control('POST', '/faults', { provider: 'x', endpoint, status, body_base64 });
    await this.#post(path);
    await this.#backend.control('DELETE', '/faults');
  }

  async #handOut(): Promise<void> {
    const path = `/v1/accounts/${this.#accountId}`;
    expect((await this.#backend.get(`${path}/token`)).status).toBe(200);
    expect((await this.#backend.get(`${path}/proxy/2/users/me`)).status).toBe(200);
  }

  async #followReauthLink(): Promise<void> {
    const { body } = await this.#post(`/v1/accounts/${this.#accountId}/reauth`, { expires_in: 3_600 });
    const path = pathOf((body as { authorize_url: string }).authorize_url);
    this.service.keep('reauth token', path.split('/').at(-1));
    expect((await this.#backend.get(path)).status).toBe(200);
    const { status, headers } = await this.#post(path);
    expect(status).toBe(303);
    const authorizeUrl = headers.get('location')!;
    this.service.keep('state', new URL(authorizeUrl).searchParams.get('state'));
    await this.#consent(authorizeUrl, 'happy');
    expect((await this.#post(path)).status).toBe(410);
  }

  /** Tokens that a client supplies: unconfirmed, invalid, where none belongs, and confirmed. Then a disconnect. */
  async #supplyTokens(): Promise<void> {
    const { client_id: clientId, redirect_uri: redirectUri, id: oauth_app_id } = this.#app;
    const own = new OwnOAuth(this.service.recorder.url, 'x', {
      clientId,
      redirectUri,
      clientSecret: this.#clientSecret,
    });
    const { access_token, refresh_token } = await own.tokens('paula');
    const person = await own.userId(access_token);
    const credentials = { access_token, refresh_token };
    const other = { access_token: this.#secret('access token'), refresh_token: this.#secret('refresh token') };
    const body = { provider: 'x', platform_account_id: person, oauth_app_id };
    const statuses = [];
    for (const sent of [
      { ...body, platform_account_id: '424242', credentials: other, verify: false },
      { ...body, credentials: other },
      { ...body, platform_account_id: '12345', credentials },
      { ...body, platform_account_id: access_token, credentials },
      { ...body, credentials: { ...credentials, expires_at: refresh_token } },
      { ...body, credentials: { ...credentials, unknown: refresh_token } },
      { ...body, metadata: { k: 1 }, credentials },
      { ...body, credentials },
    ])
      statuses.push(await this.#supply(sent));
    expect(statuses).toEqual([201, 422, 422, 400, 400, 400, 400, 201]);
  }

  async #supply(body: object): Promise<number> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomSecret('idempotency') };
    return (await this.#backend.request('POST', '/v1/accounts', { body: JSON.stringify(body), headers })).status;
  }

  /** Credentials of callers, commands that print some, and secrets where none belongs. */
  async #useCredentials(): Promise<void> {
    const made = this.service.keep('API key', await this.service.command(...CREATE_KEY));
    const token = await this.service.command('token', '--workspace', 'default');
    this.service.keep('JWT', token.split('.')[2]);
    this.#dashboard = this.service.clientOf(token);
    for (const client of [this.service.clientOf(made), this.#dashboard])
      expect((await client.get('/v1/accounts')).status).toBe(200);
    const stray = this.#secret('stray secret');
    const misled = this.service.clientOf(stray);
    const refused = [
      await misled.get(`/v1/accounts?access_token=${stray}`),
      await this.#backend.get(`/v1/accounts?cursor=${stray}`),
      await this.#backend.get(`/v1/accounts/${stray}`),
      await this.#backend.get(`/${stray}`),
      await this.#backend.request('POST', '/v1/oauth-apps', {
        ...{ body: `{"client_secret": "${stray}`, headers: { 'content-type': 'application/json' } },
      }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 400, 404, 404, 400]);
  }

  /** The projects surface, with a key that may return to the host of the client. */
  async #useProjects(): Promise<void> {
    const fields = { name: 'projects', environment: 'test', scopes: SCOPES, return_hosts: ['localhost:4999'] };
    const key = await this.#dashboard.post('/v1/api-keys', fields);
    const client = this.service.clientOf(this.service.keep('API key', (key.body as { key: string }).key));
    const project = await client.post('/v1/projects', { name: 'secrets' });
    const path = `/v1/projects/${(project.body as Made).id}`;
    const connect = async (route: string, more: object): Promise<string> => {
      const { status, body } = await client.post(`${path}/social/${route}`, { returnUrl: RETURN_URL, ...more });
      expect(status).toBe(200);
      const { authorizeUrl, state } = body as { authorizeUrl: string; state: string };
      this.service.keep('state', state);
      await this.#consent(authorizeUrl, 'demo');
      const polled = await client.get(`/v1/social/oauth-status/${state}`);
      expect(polled.body).toMatchObject({ status: 'completed' });
      return (polled.body as { socialAccountId: string }).socialAccountId;
    };
    const socialAccountId = await connect('oauth-url', { platform: 'x', usageNote: 'a note' });
    expect(await connect('reauth-url', { socialAccountId })).toBe(socialAccountId);
    for (const route of [`${path}/social-accounts`, `${path}/social-accounts/health`])
      expect((await client.get(route)).status).toBe(200);
    expect((await client.delete(`/v1/social-accounts/${socialAccountId}`)).status).toBe(200);
  }

  /** A refresh by the worker, and a revocation. */
  async #waitForWorker(): Promise<void> {
    const before = await this.#backend.account(this.#accountId);
    await this.#backend.pass(102);
    const isRefreshed = (account: Account): boolean => account.last_refreshed_at !== before.last_refreshed_at;
    await this.#backend.accountUntil(this.#accountId, isRefreshed, 60);
    await this.#logged('revocation.settled');
  }

  async #logged(event: string): Promise<void> {
    await until(() => Promise.resolve(this.service.logs().includes(event)), Boolean, 60);
  }

  /** A push with a wrong signature, and one with a right one, which ends the grant. */
  async #receivePushes(): Promise<void> {
    const [grant] = await this.#backend.query<{ id: string; at: Date }>(
      `select platform_user_id as id, db_now() as at from grants where id = (select grant_id from accounts where id = $1)`,
      [TypeID.fromString(this.#accountId).toUUID()],
    );
    const at = Math.ceil(grant!.at.getTime() / 1_000);
    const app = { id: this.#app.id, clientId: this.#app.client_id, provider: 'x' };
    for (const [secret, status] of [
      [this.#secret('client secret'), 401],
      [this.#clientSecret, 200],
    ] as const) {
      const { path, headers, body } = signX(app, grant!.id, { secret, at });
      expect((await this.#backend.request('POST', path, { headers, body })).status).toBe(status);
    }
  }

  /** The second master key comes first, in every process and row, and the first one is retired. */
  async #rotateMasterKeys(): Promise<void> {
    this.service.masterKeys.reverse();
    await this.service.storeMasterKeys();
    for (const name of ['worker', 'exchanger', 'api'] as const) await strike(this.service.home, name, 'SIGTERM');
    await this.#holdersOfNewKey();
    expect(await this.#processesOfNewKey()).toBeGreaterThanOrEqual(3);
    expect(JSON.parse(await this.service.command('keys', 'rotate'))).toMatchObject({ closed: 0, remaining: 0 });
    expect(await this.service.command('keys', 'retire', 'k1', '--no-wait')).toContain('is retired');
    expect((await this.#backend.get(`/v1/accounts/${this.#accountId}`)).status).toBe(200);
  }

  /** Waits for the three processes. Each command is a process that costs a second of CPU time; a query costs none. */
  #holdersOfNewKey(): Promise<object[]> {
    const read = (): Promise<object[]> => this.#backend.query(`select from master_key_holders where key_ids[1] = 'k2'`);
    return until(read, (rows) => rows.length >= 3, 60);
  }

  /** Processes that hold the new key first, as an operator reads it. */
  async #processesOfNewKey(): Promise<number> {
    const status = JSON.parse(await this.service.command('keys', 'status', '--json')) as {
      processes: { running: boolean; keyIds: string[] }[];
    };
    return status.processes.filter(({ running, keyIds }) => running && keyIds[0] === 'k2').length;
  }
}

const CREATE_KEY = ['keys', 'create', '--workspace', 'default', '--name', 'command', '--environment', 'test'];
