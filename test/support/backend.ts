import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { attemptsSweep, grantsSweep, openQueueBackend, probesSweep, QueueUnavailableError } from '#jobs';
import { createLogger, Secret } from '#observability';
import { turnClock } from './database.js';
import type { ServiceSession } from './service.js';
import { signDashboardToken } from './dashboard-token.js';
import { databaseUrlOf } from './service-processes.mjs';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any JSON
export interface Reply<Body = any> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface Account {
  id: string;
  provider: string;
  health: string;
  health_reason: string | null;
  token_expires_at: string | null;
  last_refreshed_at: string | null;
}

/** A call that a platform of the sandbox received. */
export interface PlatformCall {
  seq: number;
  endpoint: string;
  grant_type?: string;
  client_id?: string;
  persona?: string;
  outcome: string;
  status: number;
  bearer_fingerprint?: string;
}

/** A customer's backend in front of a running service: it has a key, sends HTTP requests, and redirects its users' browsers. */
export class Backend {
  constructor(
    readonly service: Pick<ServiceSession, 'apiUrl' | 'sandboxUrl' | 'home'>,
    readonly key: string,
  ) {}

  /** A backend of another customer: a new, empty workspace; `overrides` are fields of its key. */
  static ofNewCustomer(service: ServiceSession, overrides: object = {}): Promise<Backend> {
    return Backend.ofCustomer(service, newCustomer(), overrides);
  }

  /** A backend of the printed key's customer, whose key may read tokens: no dashboard token can give it that right. */
  static async withTokens(service: ServiceSession): Promise<Backend> {
    const scopes = ['accounts:read', 'accounts:write', 'oauth:write', 'apps:read', 'apps:write', 'tokens:read'];
    const made = await new Backend(service, service.key).post('/v1/api-keys', { name: 'tokens', scopes });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    return new Backend(service, (made.body as { key: string }).key);
  }

  /** A backend with a new key of the customer. */
  static async ofCustomer(service: ServiceSession, workspace: string, overrides: object = {}): Promise<Backend> {
    const token = await signDashboardToken(service.home, workspace);
    const key = { name: 'e2e', environment: 'test', ...overrides };
    const made = await new Backend(service, token).post('/v1/api-keys', key);
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    return new Backend(service, (made.body as { key: string }).key);
  }

  request(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
    const headers = { authorization: `Bearer ${this.key}`, ...(init.headers as object) };
    return reply(`${this.service.apiUrl}${path}`, { redirect: 'manual', ...init, method, headers });
  }

  get(path: string): Promise<Reply> {
    return this.request('GET', path);
  }

  post(path: string, body?: object): Promise<Reply> {
    return this.request('POST', path, json(body));
  }

  patch(path: string, body: object): Promise<Reply> {
    return this.request('PATCH', path, json(body));
  }

  delete(path: string): Promise<Reply> {
    return this.request('DELETE', path);
  }

  /** The control API of the sandbox. */
  control(method: string, path: string, body?: object): Promise<Reply> {
    return reply(`${this.service.sandboxUrl}/_control${path}`, { method, ...json(body) });
  }

  /** Creates an OAuth app with a client id of its own; returns its id. */
  async app(provider: string, fields: object = {}): Promise<string> {
    const { status, body } = await this.post('/v1/oauth-apps', {
      provider,
      name: provider,
      client_id: `${provider}-${randomBytes(6).toString('hex')}`,
      client_secret: 'a-secret-of-a-test',
      ...fields,
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return (body as { id: string }).id;
  }

  /** The calls that the platforms received since, with filters of the control API. */
  async calls(query = 'endpoint=all'): Promise<PlatformCall[]> {
    return (await this.control('GET', `/calls?${query}`)).body as PlatformCall[];
  }

  async start(provider = 'x', query = ''): Promise<{ authorize_url: string; state: string }> {
    const { status, body } = await this.get(`/v1/oauth/${provider}/start${query}`);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body as { authorize_url: string; state: string };
  }

  /** Sends the person's decision to the platform; returns the redirect back to the service. */
  async decide(authorizeUrl: string, persona = 'happy', decision: 'approve' | 'deny' = 'approve'): Promise<string> {
    const { headers } = await reply(`${authorizeUrl}&sandbox_user=${persona}&sandbox_decision=${decision}`, {
      redirect: 'manual',
    });
    return headers.get('location')!;
  }

  /** Runs the whole flow and returns the new account. */
  async connect(provider = 'x', persona = 'happy', query = ''): Promise<Account> {
    const { authorize_url, state } = await this.start(provider, query);
    await reply(await this.decide(authorize_url, persona), { redirect: 'manual' });
    const { body } = await this.get(`/v1/oauth/attempts/${state}`);
    const { status, account_ids: ids, error } = body as { status: string; account_ids: string[]; error: string };
    if (status !== 'completed') throw new Error(`the attempt is ${status}: ${error}`);
    return this.account(ids[0]!);
  }

  async account(id: string): Promise<Account> {
    return (await this.get(`/v1/accounts/${id}`)).body as Account;
  }

  /** Starts the jobs that find what is due, and waits until the worker has brought the account into the expected state. */
  async accountUntil(id: string, isReached: (account: Account) => boolean, seconds = 30): Promise<Account> {
    await this.sweep();
    return until(() => this.account(id), isReached, seconds);
  }

  /**
   * Lets the refusals of an account's grant be confirmed: the platform refreshes an account of another person for the same app in
   * between, and refuses the grant again. What other tests do at the platform makes no difference then.
   */
  async confirmRefusals({ id, provider }: Account, otherPersona: string, query = ''): Promise<Account> {
    const other = await this.connect(provider, otherPersona, query);
    await this.pass(61);
    const { status } = await this.post(`/v1/accounts/${other.id}/refresh`);
    if (status !== 200) throw new Error(`the refresh of the other account is answered ${status}`);
    await this.pass(16 * 60);
    const isConfirmed = ({ health }: Account): boolean => health === 'needs_reauth';
    // A refresh of the other account that the worker sends at the same time is no evidence: the next check follows in two minutes.
    for (let checks = 0; checks < 3 && !isConfirmed(await this.account(id)); checks += 1) {
      await this.accountUntil(id, isConfirmed, 10).catch(() => this.pass(150));
    }
    await this.delete(`/v1/accounts/${other.id}`);
    return this.accountUntil(id, isConfirmed);
  }

  /** Moves the clock of the service and the platforms forward, without a wait. Test files of other processes move it, too, so it is locked. */
  async pass(seconds: number): Promise<void> {
    await this.withDatabase(async (client) => {
      await client.query(`begin; select pg_advisory_xact_lock(7)`);
      const { rows } = await client.query<{ ahead: number }>(
        'select extract(epoch from db_now() - now())::float8 as ahead',
      );
      await turnClock(client, `${(rows[0]?.ahead ?? 0) + seconds} seconds`);
      await client.query('commit');
    });
    await this.control('POST', '/clock', { advance_seconds: seconds });
  }

  /** Only where the queue is in the service's own database or in this run's Redis; of others the schedules run. */
  private async sweep(): Promise<void> {
    if (!existsSync(join(this.service.home, 'postgres/postmaster.pid'))) return;
    const queue = openQueueBackend({
      databaseUrl: new Secret(databaseUrlOf(this.service.home)),
      redisUrl: process.env.REDIS_URL ? new Secret(process.env.REDIS_URL) : undefined,
      logger: createLogger({ app: 'test', level: 'silent' }),
    });
    try {
      for (const job of [grantsSweep, probesSweep, attemptsSweep]) await queue.queue().enqueue(job, {});
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
    } finally {
      await queue.close();
    }
  }

  /** One statement in the database of the service, for rows that no request can make. */
  async query<Row extends object = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.withDatabase(async (client) => (await client.query<Row>(sql, values)).rows);
  }

  private async withDatabase<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const client = new pg.Client(databaseUrlOf(this.service.home));
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

/** The name of a workspace that does not exist yet. */
export const newCustomer = (): string => `customer-${randomBytes(6).toString('hex')}`;

const json = (body: object | undefined): RequestInit =>
  body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};

export async function reply(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}

/** Repeats the call until the answer is as expected; throws with the last answer. */
export async function until<Answer>(
  call: () => Promise<Answer>,
  isExpected: (answer: Answer) => boolean,
  seconds = 30,
): Promise<Answer> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await call();
    if (isExpected(answer)) return answer;
    if (Date.now() > end) throw new Error(`still not as expected after ${seconds} s: ${JSON.stringify(answer)}`);
    await pause(200);
  }
}
