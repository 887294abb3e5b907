import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { routesOf } from '../http/route-methods.js';

interface Media {
  schema?: object;
  example?: unknown;
  examples?: Record<string, { value: Record<string, unknown> }>;
}
interface Operation {
  summary?: string;
  tags?: string[];
  operationId: string;
  security?: object[];
  parameters: { name: string; in: string; schema: { example?: unknown } }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: object; securitySchemes: Record<string, { type: string; scheme: string }> };
}

let api: TestApi;
let document: Document;
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  api = await openTestApi();
  document = (await (await api.call('/v1/openapi.json')).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  );
});

afterAll(() => api.close());

const lacking = (broken: (operation: Operation, name: string) => boolean): string[] =>
  operations.filter(([name, operation]) => broken(operation, name)).map(([name]) => name);
const isPublic = ({ security }: Operation): boolean => security?.length === 0;
const media = ({ responses }: Operation): [string, Media][] =>
  Object.values(responses).flatMap(({ content = {} }) => Object.entries(content));

describe('the OpenAPI document', () => {
  it('is of version 3.1 and knows both kinds of credential', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.components.securitySchemes).toMatchObject({
      apiKey: { type: 'http', scheme: 'bearer' },
      dashboardJwt: { type: 'http', scheme: 'bearer' },
    });
  });

  it('has every route that is served', () => {
    // The metrics are Prometheus's own form, told in docs/metrics.md.
    const isTold = (path: string): boolean => !path.startsWith('/docs') && !path.endsWith('.json') && path !== '/metrics';
    const served = [...routesOf(api.app.getHttpAdapter().getInstance())].filter(([path]) => isTold(path));
    const expected = served.flatMap(([path, methods]) =>
      [...methods].filter((method) => method !== 'HEAD').map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`),
    );
    expect(operations.length).toBeGreaterThanOrEqual(17);
    expect(operations.map(([name]) => name).sort()).toEqual(expected.sort());
  });

  it('gives every route a summary, a tag and a name of its own', () => {
    expect(lacking(({ summary, tags }) => !summary || !tags?.length)).toEqual([]);
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
  });

  it('has an example for every answer and every body, and a schema with each', () => {
    expect(lacking((operation) => media(operation).some(([, { schema, example, examples }]) => !schema || !(example ?? examples)))).toEqual([]);
    expect(lacking(({ requestBody }) => Object.values(requestBody?.content ?? {}).some(({ examples }) => !examples))).toEqual([]);
    expect(lacking((operation, name) => name.startsWith('POST') && !/\/(refresh|probe)$/.test(name) && !operation.requestBody)).toEqual([]);
  });

  it('has an example for every part of a path', () => {
    expect(lacking(({ parameters }) => parameters.some((one) => one.in === 'path' && !one.schema.example))).toEqual([]);
  });

  it('says of every route what can go wrong, as problems', () => {
    const statuses = ({ responses }: Operation): string[] => Object.keys(responses);
    expect(lacking((operation) => !isPublic(operation) && !['401', '403', '429', '500', '503'].every((status) => statuses(operation).includes(status)))).toEqual([]);
    expect(lacking(({ parameters, responses }) => parameters.some((one) => one.name === 'id') && !responses['404'])).toEqual([]);
    const notProblems = operations.flatMap(([name, operation]) =>
      Object.entries(operation.responses)
        .filter(([status, { content = {} }]) => Number(status) >= 400 && !isPublic(operation) && !content['application/problem+json'])
        .map(([status]) => `${name} ${status}`),
    );
    expect(notProblems).toEqual([]);
  });

  it('shows problems whose status is that of their place', () => {
    const wrong = operations.flatMap(([name, { responses }]) =>
      Object.entries(responses).flatMap(([status, { content = {} }]) =>
        Object.values(content['application/problem+json']?.examples ?? {})
          .filter(({ value }) => value.status !== Number(status))
          .map(() => `${name} ${status}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('is served as a page that needs nothing from elsewhere', async () => {
    const page = await api.call('/docs');
    expect([page.status, await page.text()]).toEqual([200, expect.not.stringMatching(/(src|href)="https?:/)]);
    expect(await (await api.call('/docs/swagger-ui-bundle.js')).text()).toContain('SwaggerUIBundle');
    expect(await (await api.call('/docs/swagger-ui-init.js')).text()).toContain('"persistAuthorization": true');
  });
});
