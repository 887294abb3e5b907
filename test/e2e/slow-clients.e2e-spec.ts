import { beforeAll, expect, it } from '@jest/globals';
import { type ProjectsOperation, readProjectsOperations } from '../support/projects-operations.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/service.js';

const { apiUrl } = session();
const { port } = new URL(apiUrl);
const CONNECTIONS = 120;

interface End {
  response: Response;
  after: number;
}

/** Sends one byte of a request in ten seconds, as a client that holds its connection; returns how the server ends it. */
async function drip(host: string, begin: string): Promise<End> {
  const startedAt = performance.now();
  const response = await sendRaw(`http://${host}:${port}`, begin, 'a');
  return { response, after: performance.now() - startedAt };
}

const beginHeaders = (request: string): string => `${request} HTTP/1.1\r\nHost: a\r\nX-Slow: `;
const beginBody = (request: string): string =>
  `${request} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n`;
/** A GET is answered without its body. */
const begin = ({ method, path }: ProjectsOperation): string =>
  (method === 'GET' ? beginHeaders : beginBody)(`${method} ${path}`);

let surface: Awaited<ReturnType<typeof readProjectsOperations>>;
let ends: Promise<End[]>;
let surfaceEnds: Promise<End[]>;

/** All at the same time: each takes half a minute. */
beforeAll(async () => {
  surface = await readProjectsOperations(apiUrl);
  surfaceEnds = Promise.all(surface.operations.map((operation) => drip('127.0.0.1', begin(operation))));
  ends = Promise.all(
    Array.from({ length: CONNECTIONS }, (_, n) =>
      drip(n % 3 === 0 ? '[::1]' : '127.0.0.1', (n % 2 === 0 ? beginHeaders : beginBody)('POST /v1/callbacks/tiktok')),
    ),
  );
});

it('ends every connection that sends one byte in ten seconds within half a minute, at each address, and serves others meanwhile', async () => {
  expect((await fetch(`${apiUrl}/health/live`)).status).toBe(200);
  const slow = [...(await ends), ...(await surfaceEnds)];
  expect(new Set(slow.map(({ response }) => response.status))).toEqual(new Set([408]));
  expect(Math.max(...slow.map(({ after }) => after))).toBeLessThan(32_000);
});

it('each endpoint of the projects surface answers 408 to a request that does not arrive, in its envelope once its headers have', async () => {
  expect(surface.operations.length).toBeGreaterThan(10);
  for (const [n, { response }] of (await surfaceEnds).entries()) {
    const { method, path } = surface.operations[n]!;
    await surface.declared.check(method, path, response);
    const body = method === 'GET' ? { code: 'request.timeout' } : { error: { code: 'VALIDATION' } };
    expect([response.status, await response.json()]).toMatchObject([408, body]);
  }
});
