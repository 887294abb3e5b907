import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KnownSecret } from './secret-search.js';

const FORM_FIELDS: Record<string, string> = {
  code: 'code',
  code_verifier: 'PKCE verifier',
  client_secret: 'client secret',
  refresh_token: 'refresh token',
  access_token: 'access token',
};

/** A proxy in front of the sandbox that collects what a platform and its clients keep secret, as it passes. */
export class PlatformRecorder {
  readonly #secrets = new Map<string, string>();
  readonly #server = createServer((near, answer) => void this.#pass(near, answer));

  private constructor(private readonly target: string) {}

  static async open(target: string): Promise<PlatformRecorder> {
    const recorder = new PlatformRecorder(target);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Each value once, by the kind in which it was seen first. */
  get secrets(): KnownSecret[] {
    return [...this.#secrets].map(([value, kind]) => ({ kind, value }));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(near: IncomingMessage, answer: ServerResponse): Promise<void> {
    const sent = await readAll(near);
    const url = new URL(near.url ?? '/', this.target);
    const far = send(url, { method: near.method ?? 'GET', headers: near.headers });
    far.on('error', () => answer.writeHead(502).end());
    far.end(sent);
    const [got] = (await once(far, 'response')) as [IncomingMessage];
    const body = await readAll(got);
    if (!url.pathname.startsWith('/_control')) this.#collect(near, sent, body);
    answer.writeHead(got.statusCode ?? 502, got.headers).end(body);
  }

  #collect({ headers, method }: IncomingMessage, sent: Buffer, answered: Buffer): void {
    if (method === 'POST') this.#collectFields(Object.fromEntries(new URLSearchParams(sent.toString())));
    this.#collectFields(jsonOf(answered));
    const [scheme, credential = ''] = (headers.authorization ?? '').split(' ');
    if (scheme === 'Bearer') this.#keep('access token', credential);
    if (scheme === 'Basic')
      this.#keep('client secret', decodeURIComponent(Buffer.from(credential, 'base64').toString().split(':')[1] ?? ''));
  }

  #collectFields(fields: Record<string, unknown>): void {
    for (const [name, kind] of Object.entries(FORM_FIELDS)) {
      const value = fields[name];
      if (typeof value === 'string') this.#keep(kind, value);
    }
  }

  #keep(kind: string, value: string): void {
    if (value.length >= 24 && !this.#secrets.has(value)) this.#secrets.set(value, kind);
  }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(body.toString())) as Record<string, unknown>;
  } catch {
    return {};
  }
}
