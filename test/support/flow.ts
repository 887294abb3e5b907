import { randomBytes } from 'node:crypto';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AccountsModule,
  type CallbackOutcome,
  CompleteConnect,
  CreateOAuthApp,
  exchangerAt,
  GetAccount,
  StartConnect,
} from '#accounts';
import { readApiConfig } from '#config';
import { createLogger, Secret } from '#observability';
import { Database, newId, type Tenant } from '#persistence';
import type { Exchanger, TokenContext, TokenExchange } from '#tokens';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { TOKEN_EXCHANGE } from '../../libs/accounts/src/injection.js';
import type { ExchangerContext } from '../../libs/exchanger/src/exchanger-context.js';
import { openTestDatabase, type TestDatabase, turnClock } from './database.js';
import { type ExchangerEnvironment, ExchangerProcess } from './exchanger-process.js';
import { exchangerOf, inProcessContext } from './in-process-exchanger.js';
import { makeProject, makeTenant } from './rows.js';
import { TestSandbox } from './sandbox.js';

export const PUBLIC_URL = 'http://localhost:3999';
export const RETURN_URL = 'https://shop.example/settings';
export const CLIENT_SECRET = 'the-client-secret-of-a-test';

type StartOverrides = Partial<Parameters<StartConnect['execute']>[0]>;
type AppOverrides = Partial<Parameters<CreateOAuthApp['execute']>[0]>;

/** Due, or tried just now. */
const OPEN_REVOCATIONS = `
  select id from pending_revocations where workspace_id = $1 and (due_at <= db_now() or last_outcome is null)`;
/** Milliseconds. The exchanger looks for due revocations every three seconds, and a platform may answer late. */
const REVOKED_WITHIN = 30_000;

/** A call that the sandbox took. */
export interface SandboxCall {
  endpoint: string;
  client_id?: string;
  grant_type?: string;
  outcome: string;
  status: number;
  persona?: string;
}

export interface Fault {
  provider?: string;
  endpoint: 'token' | 'revoke' | 'identity' | 'profiles' | 'probe';
  times?: number;
  status?: number;
  body?: object | string;
  body_base64?: string;
  headers?: Record<string, string>;
  when?: 'before' | 'after';
  delay_ms?: number;
  drip_ms?: number;
  drop?: 'before' | 'after';
}

/** The answer of X to a refresh token that it refuses. */
export const REFUSED = {
  status: 400,
  body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' },
};

/** Processes with the heart of the product, on one database, in front of the real sandbox; both clocks can be turned. */
export class Flow {
  tenant: Tenant = { workspaceId: '', environment: 'test' };
  readonly #processes: INestApplicationContext[] = [];
  readonly #contexts: ExchangerContext[] = [];
  #exchanger: ExchangerProcess | undefined;
  #ahead = 0;

  private constructor(
    private readonly store: TestDatabase,
    readonly sandbox: TestSandbox,
    private readonly masterKeys: string,
  ) {}

  /**
   * One process; `processes` more than one share the database and the keys, and nothing else. `exchanger: 'process'`: tokens
   * are exchanged by the real exchanger, over its socket, as in production.
   */
  static async open(
    processes = 1,
    { exchanger = 'in-process' }: { exchanger?: 'in-process' | 'process' } = {},
  ): Promise<Flow> {
    const [store, sandbox] = await Promise.all([openTestDatabase(), TestSandbox.start()]);
    const flow = new Flow(store, sandbox, `k1:${randomBytes(32).toString('base64')}`);
    if (exchanger === 'process') flow.#exchanger = await ExchangerProcess.start(flow.environment);
    for (let n = 0; n < processes; n += 1) flow.#processes.push(await flow.startProcess());
    return flow;
  }

  async close(): Promise<void> {
    for (const process of this.#processes) await process.close();
    await this.#exchanger?.close();
    await this.sandbox.stop();
    await this.store.close();
  }

  /** Takes the place of the waiting before another look at an attempt; a test may let time pass in it. */
  pause: (milliseconds: number) => Promise<unknown> = () => Promise.resolve();

  /** A new tenant with an app at each platform, both clocks right, and an empty sandbox. */
  async begin(): Promise<void> {
    await turnClock(this.pool, '0');
    this.#ahead = 0;
    await this.sandbox.control('DELETE', '');
    await this.sandbox.control('DELETE', '/faults');
    await this.pool.query('delete from pending_revocations');
    // The requests of an earlier test may lie in the future now, and would show that a platform works.
    await this.pool.query('update grants set last_refreshed_at = null, last_strike_at = null');
    await this.pool.query('update accounts set last_probed_at = null');
    this.tenant = await makeTenant(this.pool);
    await makeProject(this.pool, this.tenant, true);
    await this.app('x');
    await this.app('tiktok');
  }

  /** The exchanger's process, where the flow was opened with one. */
  get exchanger(): ExchangerProcess {
    if (!this.#exchanger) throw new Error('this flow has no exchanger process');
    return this.#exchanger;
  }

  get<Thing>(type: Type<Thing> | symbol, process = 0): Thing {
    return this.#processes[process]!.get<Thing>(type);
  }

  /** The way to token endpoints of one of the processes. */
  exchange(process = 0): TokenExchange {
    return this.get(TOKEN_EXCHANGE, process);
  }

  /** What the exchanger of one of the processes works with. */
  context(process = 0): ExchangerContext {
    return this.#contexts[process]!;
  }

  get pool(): Pool {
    return this.get(Database).pool;
  }

  async app(provider: string, overrides: AppOverrides = {}): Promise<string> {
    const { id } = await this.get(CreateOAuthApp).execute({
      tenant: this.tenant,
      provider,
      name: 'an app',
      clientId: newId(),
      clientSecret: new Secret(CLIENT_SECRET),
      allowedReturnUrls: [RETURN_URL],
      ...overrides,
    });
    return id;
  }

  start(provider: string, overrides: StartOverrides = {}): ReturnType<StartConnect['execute']> {
    return this.get(StartConnect).execute({
      tenant: this.tenant,
      createdBy: 'a key',
      provider,
      returnUrl: RETURN_URL,
      ...overrides,
    });
  }

  /** What the person decides at the platform: where the browser is sent then. */
  async decide(authorizeUrl: string, persona = 'happy', decision: 'approve' | 'deny' = 'approve'): Promise<URL> {
    const url = `${authorizeUrl}&sandbox_user=${persona}&sandbox_decision=${decision}`;
    const answer = await fetch(url, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the platform did not send the browser back: ${await answer.text()}`);
    return new URL(location);
  }

  /** The browser comes back; `over` changes what it brings. */
  callback(back: URL, over: Partial<Parameters<CompleteConnect['execute']>[0]> = {}): Promise<CallbackOutcome> {
    const [, provider = '', oauthAppId] = /\/v1\/oauth\/([^/]+)\/callback(?:\/(.+))?/.exec(back.pathname) ?? [];
    if (oauthAppId !== undefined && !('oauthAppId' in over)) throw new Error('the path names an app: give its id');
    return this.get(CompleteConnect).execute({ provider, query: Object.fromEntries(back.searchParams), ...over });
  }

  /** Start, consent, callback: the id of the account. */
  async connect(provider: string, persona = 'happy', overrides: StartOverrides = {}): Promise<string> {
    const started = await this.start(provider, overrides);
    const landing = await this.callback(await this.decide(started.authorizeUrl, persona));
    const { ids } = await this.one<{ ids: string[] }>(
      'select account_ids as ids from connect_attempts where workspace_id = $1 order by finished_at desc nulls last, id desc limit 1',
      [this.tenant.workspaceId],
    );
    if (!ids[0]) throw new Error(`not connected: ${JSON.stringify(landing)}`);
    return ids[0];
  }

  /** Lets time pass, at the database and at the platforms. */
  async pass(seconds: number): Promise<void> {
    this.#ahead += seconds;
    await turnClock(this.pool, `${this.#ahead} seconds`);
    await this.sandbox.control('POST', '/clock', { advance_seconds: seconds });
  }

  async fault(fault: Fault): Promise<void> {
    const { status, body } = await this.sandbox.control('POST', '/faults', { provider: 'x', ...fault });
    if (status !== 201) throw new Error(JSON.stringify(body));
  }

  /** Changes how a platform treats the tokens of the tenant's default app, such as `access_ttl_seconds`. */
  async knobs(provider: string, knobs: object): Promise<void> {
    const { id } = await this.one<{ id: string }>(
      'select client_id as id from oauth_apps where workspace_id = $1 and provider = $2 and is_default',
      [this.tenant.workspaceId, provider],
    );
    await this.sandbox.control('POST', '/apps', { provider, client_id: id, ...knobs });
  }

  /** The person removes the app at the platform. */
  async revoke(persona = 'happy', provider = 'x'): Promise<void> {
    await this.sandbox.control('POST', `/users/${persona}/revoke`, { provider });
  }

  /** Resolves when the exchanger has tried every stored revocation of the tenant that is due. */
  async revoked(): Promise<void> {
    await this.get<Exchanger>(TOKEN_EXCHANGE).drain();
    const isOpen = async (): Promise<boolean> =>
      (await this.many(OPEN_REVOCATIONS, [this.tenant.workspaceId])).length > 0;
    const end = Date.now() + REVOKED_WITHIN;
    while (await isOpen()) {
      if (Date.now() > end) throw new Error('a stored revocation was not tried in time');
      await pause(20);
    }
  }

  /** The calls of the tenant's apps to one endpoint, oldest first; a revocation of the test before may still come. */
  async calls(endpoint: string, grantType?: string): Promise<SandboxCall[]> {
    const { body } = await this.sandbox.control('GET', '/calls?endpoint=all');
    const apps = await this.many<{ clientId: string }>(
      'select client_id as "clientId" from oauth_apps where workspace_id = $1',
      [this.tenant.workspaceId],
    );
    const isOurs = (call: SandboxCall): boolean =>
      call.client_id === undefined || apps.some(({ clientId }) => clientId === call.client_id);
    const calls = (body as SandboxCall[]).filter((call) => call.endpoint === endpoint && isOurs(call));
    return calls.filter((call) => grantType === undefined || call.grant_type === grantType);
  }

  account(id: string): ReturnType<GetAccount['execute']> {
    return this.get(GetAccount).execute({ tenant: this.tenant, id });
  }

  /** The health of an account and its reason. */
  async healthOf(id: string): Promise<[health: string, reason: string | null]> {
    const { health, healthReason } = await this.account(id);
    return [health, healthReason];
  }

  async one<Row extends object>(sql: string, values: unknown[] = []): Promise<Row> {
    const { rows } = await this.pool.query<Row>(sql, values);
    if (!rows[0]) throw new Error(`no row: ${sql}`);
    return rows[0];
  }

  async many<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  /** What a process of the service is started with. */
  get environment(): ExchangerEnvironment {
    return { DATABASE_URL: this.store.url, MASTER_KEYS: this.masterKeys, SANDBOX_URL: this.sandbox.url };
  }

  private openExchanger(context: TokenContext): Exchanger {
    const own = inProcessContext(context);
    this.#contexts.push(own);
    return this.#exchanger ? exchangerAt(this.#exchanger.socketPath)(context) : exchangerOf(own);
  }

  private async startProcess(): Promise<INestApplicationContext> {
    const socket = this.#exchanger && { EXCHANGER_SOCKET: this.#exchanger.socketPath };
    const config = readApiConfig({ ...this.environment, DATABASE_POOL: '10', PUBLIC_URL, ...socket });
    const logger = createLogger({ app: 'test', level: 'silent' });
    const root = AccountsModule.forRoot({
      config,
      logger,
      name: 'test',
      exchanger: (context) => this.openExchanger(context),
      pause: (milliseconds) => this.pause(milliseconds),
    });
    return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  }
}
