import { expect } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from './api.js';
import { TestSandbox } from './sandbox.js';
import { type PushedApp, SECRET, type Sent } from './signed-push.js';

const TABLES = [
  'grants',
  'grant_tokens',
  'accounts',
  'account_tokens',
  'account_events',
  'outbox',
  'data_deletions',
  'connect_attempts',
];

interface Person {
  persona?: string;
  as?: string;
}

/** The real API with the real sandbox, in front of which a test signs the calls of a platform. */
export class PushedApi {
  /** The key of the present test's own workspace. */
  key = '';
  #workspaces = 0;

  private constructor(
    readonly api: TestApi,
    readonly pool: pg.Pool,
    private readonly sandbox: TestSandbox,
  ) {}

  static async open(): Promise<PushedApi> {
    const sandbox = await TestSandbox.start();
    const api = await openTestApi({ SANDBOX_URL: sandbox.url });
    return new PushedApi(api, new pg.Pool({ connectionString: api.database.url }), sandbox);
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.api.close();
    await this.sandbox.stop();
  }

  /** A new workspace, and a sandbox without state. */
  async begin(): Promise<void> {
    await this.sandbox.control('DELETE', '');
    this.#workspaces += 1;
    this.key = await this.keyOf('pushed');
  }

  /** A key of another workspace of the present test. */
  keyOf(name: string): Promise<string> {
    return this.api.key({ workspace: `${name}-${this.#workspaces}` });
  }

  async makeApp(provider: string, name = '', as = this.key): Promise<PushedApp> {
    const clientId = `${name}${provider}-app-${this.#workspaces}`;
    const body = {
      provider,
      name: 'an app',
      client_id: clientId,
      client_secret: SECRET,
      allowed_return_urls: ['https://shop.example/'],
    };
    const { id } = (await (await this.api.post('/v1/oauth-apps', as, body)).json()) as { id: string };
    return { id, clientId, provider };
  }

  /** Start, consent and callback over HTTP: the id of the first account. */
  async connect({ provider, id }: PushedApp, { persona = 'happy', as = this.key }: Person = {}): Promise<string> {
    const started = await this.api.call(`/v1/oauth/${provider}/start?oauth_app_id=${id}&user_ref=user-1`, { as });
    const { authorize_url, state } = (await started.json()) as { authorize_url: string; state: string };
    const decided = await fetch(`${authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`, {
      redirect: 'manual',
    });
    const back = new URL(decided.headers.get('location')!);
    await this.api.call(`${back.pathname}${back.search}`);
    const attempt = (await (await this.api.call(`/v1/oauth/attempts/${state}`, { as })).json()) as {
      account_ids: string[];
    };
    return attempt.account_ids[0]!;
  }

  account(id: string): Promise<Record<string, unknown>> {
    return this.read(`/v1/accounts/${id}`);
  }

  async accounts(): Promise<unknown[]> {
    return (await this.read<{ items: unknown[] }>('/v1/accounts')).items;
  }

  async events(id: string): Promise<{ type: string }[]> {
    return (await this.read<{ items: { type: string }[] }>(`/v1/accounts/${id}/events`)).items;
  }

  /** The platform's id of the person of an app's one grant. */
  async platformUserOf({ clientId }: PushedApp): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>(
      'select platform_user_id as id from grants join oauth_apps on oauth_apps.id = oauth_app_id where client_id = $1',
      [clientId],
    );
    return rows[0]!.id;
  }

  /** The number of an app's sealed tokens: pairs, and tokens of Pages. */
  async tokensOf({ clientId }: PushedApp): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select (select count(*)::int from grant_tokens join grants on id = grant_id where oauth_app_id = app.id)
         + (select count(*)::int from account_tokens join accounts on id = account_id where oauth_app_id = app.id) as count
       from oauth_apps app where client_id = $1`,
      [clientId],
    );
    return rows[0]!.count;
  }

  send({ path, headers, body }: Sent): Promise<Response> {
    return this.api.call(path, { method: 'POST', headers, body });
  }

  /** Every row that a push could change. */
  async stored(): Promise<string> {
    const rows = await Promise.all(
      TABLES.map(async (table) => (await this.pool.query(`select * from ${table} order by 1`)).rows as unknown[]),
    );
    return JSON.stringify(rows);
  }

  /** Expects a 401 without a body, and no change. */
  async expectRefusal(sent: Sent): Promise<void> {
    const before = await this.stored();
    const answer = await this.send(sent);
    expect([answer.status, await answer.text()]).toEqual([401, '']);
    expect(await this.stored()).toBe(before);
  }

  private async read<Body = Record<string, unknown>>(path: string): Promise<Body> {
    return (await (await this.api.call(path, { as: this.key })).json()) as Body;
  }
}
