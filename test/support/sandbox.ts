import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#observability';
import { startSandbox } from '../../apps/sandbox/src/sandbox.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each platform's own shape
export interface Answer<Body = any> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/** The real sandbox on a port and in a folder of its own, for specs that use it over HTTP. */
export class TestSandbox {
  private running: Awaited<ReturnType<typeof startSandbox>> | undefined;

  private constructor(private readonly home: string) {}

  static async start(): Promise<TestSandbox> {
    const sandbox = new TestSandbox(await mkdtemp(join(tmpdir(), 'sandbox-')));
    await sandbox.open();
    return sandbox;
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.running?.port ?? 0}`;
  }

  /** Closes it and opens it again on the same folder. */
  async restart(): Promise<void> {
    await this.running?.close();
    await this.open();
  }

  async stop(): Promise<void> {
    await this.running?.close();
    await rm(this.home, { recursive: true });
  }

  /** Calls a platform's real URL where the sandbox serves it. */
  call(realUrl: string, init: RequestInit = {}): Promise<Answer> {
    return this.fetch(`/${realUrl.replace(/^https:\/\//, '')}`, init);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each platform's own shape
  form<Body = any>(
    realUrl: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    return this.call(realUrl, { method: 'POST', body: new URLSearchParams(fields), headers }) as Promise<Answer<Body>>;
  }

  control(method: string, path: string, body?: object): Promise<Answer> {
    const json = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.fetch(`/_control${path}`, { method, ...json });
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    const body: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    return { status: response.status, body, headers: response.headers };
  }

  private async open(): Promise<void> {
    const logger = createLogger({ app: 'sandbox', level: 'silent' });
    this.running = await startSandbox({
      home: this.home,
      host: '127.0.0.1',
      port: 0,
      url: 'https://sandbox.test',
      logger,
    });
  }
}
