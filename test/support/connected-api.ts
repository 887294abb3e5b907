import pg from 'pg';
import { openTestApi, type TestApi } from './api.js';
import { turnClock } from './database.js';
import { type Answer, TestSandbox } from './sandbox.js';

/** What a start and a reauth answer. */
export interface Started {
  authorize_url: string;
  state: string;
  expires_at: string;
}

export const RETURN_URL = 'https://app.example.com/settings';

/** The real API in front of the real sandbox: accounts are connected as a customer does it, and both clocks can be turned. */
export class ConnectedApi {
  #ahead = 0;

  private constructor(
    readonly api: TestApi,
    readonly sandbox: TestSandbox,
    readonly pool: pg.Pool,
    /** A key of `test` with every scope, whose workspace has an app at X and at TikTok. */
    readonly key: string,
  ) {}

  static async open(env: NodeJS.ProcessEnv = {}): Promise<ConnectedApi> {
    const sandbox = await TestSandbox.start();
    const api = await openTestApi({ SANDBOX_URL: sandbox.url, ...env });
    const connected = new ConnectedApi(
      api,
      sandbox,
      new pg.Pool({ connectionString: api.database.url }),
      await api.key(),
    );
    await connected.app('x');
    await connected.app('tiktok');
    return connected;
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.api.close();
    await this.sandbox.stop();
  }

  async app(provider: string, overrides: object = {}): Promise<string> {
    const app = {
      provider,
      name: provider,
      client_id: `id-of-${provider}`,
      client_secret: 'shh',
      allowed_return_urls: [RETURN_URL],
      ...overrides,
    };
    const made = await this.post('/v1/oauth-apps', app);
    return String(made.body.id);
  }

  /** A JSON answer to this key. */
  async get<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>> {
    return read(await this.api.call(path, { as: this.key }));
  }

  async post<Body = Record<string, unknown>>(path: string, body: object = {}): Promise<Answer<Body>> {
    return read(await this.api.post(path, this.key, body));
  }

  /** The person consents, and the browser comes back: where it is sent then. */
  async consent(authorizeUrl: string, persona = 'happy'): Promise<URL> {
    const decided = await fetch(`${authorizeUrl}&sandbox_user=${persona}&sandbox_decision=approve`, {
      redirect: 'manual',
    });
    const callback = new URL(decided.headers.get('location') ?? '');
    const landed = await this.api.call(callback.pathname + callback.search);
    return new URL(landed.headers.get('location') ?? '');
  }

  /** Start, consent, callback: the id of the account. */
  async connect(provider: string, persona = 'happy', query = ''): Promise<string> {
    const started = await this.get<Started>(`/v1/oauth/${provider}/start${query}`);
    const landing = await this.consent(started.body.authorize_url, persona);
    const { body } = await this.get<{ account_ids: string[] }>(`/v1/oauth/attempts/${started.body.state}`);
    if (!body.account_ids[0]) throw new Error(`not connected: ${landing.href}`);
    return body.account_ids[0];
  }

  /** Lets time pass, at the database and at the platforms. */
  async pass(seconds: number): Promise<void> {
    this.#ahead += seconds;
    await turnClock(this.pool, `${this.#ahead} seconds`);
    await this.sandbox.control('POST', '/clock', { advance_seconds: seconds });
  }

  /** How many calls one endpoint of the platforms has had. */
  async calls(endpoint: string): Promise<number> {
    const { body } = await this.sandbox.control('GET', '/calls?endpoint=all');
    return (body as { endpoint: string }[]).filter((call) => call.endpoint === endpoint).length;
  }
}

async function read<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as Body,
  };
}
