import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let sandbox: Server;
let status = 200;

beforeAll(async () => {
  sandbox = createServer((request, response) => {
    response.statusCode = request.url === '/_control/health' ? status : 404;
    response.end();
  });
  await new Promise<void>((listening) => sandbox.listen(0, '127.0.0.1', listening));
  const { port } = sandbox.address() as AddressInfo;
  api = await openTestApi({ NODE_ENV: 'development', SANDBOX_URL: `http://127.0.0.1:${port}` });
});

afterAll(() => api.close());

const check = async (): Promise<unknown> => {
  const ready = await api.call('/health/ready');
  const { checks } = (await ready.json()) as { checks: unknown[] };
  return [ready.status, checks[1]];
};

describe('readiness in development', () => {
  it('checks the sandbox too: available, failing and stopped', async () => {
    expect(await check()).toEqual([200, { name: 'sandbox', ok: true }]);
    status = 500;
    expect(await check()).toEqual([503, { name: 'sandbox', ok: false, reason: 'cannot be reached' }]);
    sandbox.closeAllConnections();
    await new Promise((closed) => sandbox.close(closed));
    expect(await check()).toEqual([503, { name: 'sandbox', ok: false, reason: 'cannot be reached' }]);
  });
});
