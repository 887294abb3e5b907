import { describe, expect, it } from '@jest/globals';
import { type Reply, reply } from '../support/backend.js';
import { session } from '../support/service.js';

const get = (path: string): Promise<Reply> => reply(`${session().apiUrl}${path}`, { redirect: 'manual' });

describe('GET /health/live', () => {
  it('answers 200 without a credential', async () => {
    expect((await get('/health/live')).status).toBe(200);
  });
});

describe('GET /health/ready', () => {
  it('answers 200 with its checks, each with its name, while all that the service needs answers', async () => {
    const { status, body } = await get('/health/ready');
    expect([status, (body as { checks: object[] }).checks]).toEqual([
      200,
      expect.arrayContaining([expect.objectContaining({ name: 'database', ok: true })]),
    ]);
  });
});

describe('GET /connected', () => {
  it('is a plain page that repeats nothing of its query', async () => {
    const { status, headers, body } = await get('/connected?connected=%3Cscript%3Ex%3C/script%3E');
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    expect(body).not.toContain('<script>x');
  });
});

describe('GET /', () => {
  it('is a page that links the documentation', async () => {
    const { status, body } = await get('/');
    expect([status, String(body)]).toEqual([200, expect.stringContaining('/docs')]);
  });
});

describe('the OpenAPI document of the bundled service', () => {
  it('names every operation as the sources do, without a number of the bundler', async () => {
    const { body } = await get('/v1/openapi.json');
    const { paths } = body as { paths: Record<string, Record<string, { operationId: string }>> };
    const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(ids).toEqual(expect.arrayContaining(['accountsList', 'accountsGet', 'connectStart']));
    expect(ids.filter((id) => /\d/.test(id))).toEqual([]);
  });
});
