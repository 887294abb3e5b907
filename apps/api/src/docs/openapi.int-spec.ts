import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { API_SCOPES, RESERVED_SCOPES } from '#accounts';
import { routesOf } from '../http/hooks.js';
import { isOfProjectsSurface } from '../http/projects-problem.js';

interface Media {
  schema?: object;
  example?: unknown;
  examples?: Record<string, { value: Record<string, unknown> }>;
}
interface Operation {
  summary?: string;
  description?: string;
  'x-required-scopes'?: string[];
  tags?: string[];
  operationId: string;
  security?: object[];
  parameters: { name: string; in: string; schema: { example?: unknown } }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Problem {
  code: string;
  detail: string;
  errors?: { field: string; message: string }[];
}
interface Document {
  openapi: string;
  tags: { name: string; description?: string }[];
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
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});

afterAll(() => api.close());

const lacking = (broken: (operation: Operation, name: string) => boolean): string[] =>
  operations.filter(([name, operation]) => broken(operation, name)).map(([name]) => name);
const isPublic = ({ security }: Operation): boolean => security?.length === 0;
/** The examples of problems. */
const problemsOf = ({ responses }: Operation): Problem[] =>
  Object.values(responses).flatMap(({ content = {} }) =>
    Object.values(content['application/problem+json']?.examples ?? {}).map(({ value }) => value as unknown as Problem),
  );
const exampleBody = (path: string, method: string): object => {
  const { requestBody } = document.paths[path]![method.toLowerCase()]!;
  return Object.assign(
    {},
    ...Object.values(requestBody?.content ?? {}).flatMap(({ examples = {} }) =>
      Object.values(examples).map(({ value }) => value),
    ),
  ) as object;
};
const media = ({ responses }: Operation): [string, Media][] =>
  Object.values(responses).flatMap(({ content = {} }) => Object.entries(content));

/** The message about a parameter at a route that takes none. */
const UNKNOWN = 'is not a known parameter';

describe('the OpenAPI document', () => {
  it('is of version 3.1 and has both kinds of credential', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.components.securitySchemes).toMatchObject({
      apiKey: { type: 'http', scheme: 'bearer' },
      dashboardJwt: { type: 'http', scheme: 'bearer' },
    });
  });

  it('has every route that is served', () => {
    // The metrics have the format of Prometheus, described in docs/metrics.md.
    const isDescribed = (path: string): boolean =>
      !path.startsWith('/docs') && !path.endsWith('.json') && path !== '/metrics';
    const served = [...routesOf(api.app.getHttpAdapter().getInstance())].filter(([path]) => isDescribed(path));
    const expected = served.flatMap(([path, methods]) =>
      [...methods]
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`),
    );
    expect(operations.length).toBeGreaterThanOrEqual(17);
    expect(operations.map(([name]) => name).sort()).toEqual(expected.sort());
  });

  it('gives every route a summary, a tag and a name of its own', () => {
    expect(lacking(({ summary, tags }) => !summary || !tags?.length)).toEqual([]);
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
  });

  it('has an example for every answer and every body, and a schema with each', () => {
    expect(
      lacking((operation) =>
        media(operation).some(([, { schema, example, examples }]) => !schema || !(example ?? examples)),
      ),
    ).toEqual([]);
    expect(
      lacking(({ requestBody }) => Object.values(requestBody?.content ?? {}).some(({ examples }) => !examples)),
    ).toEqual([]);
    expect(
      lacking(
        (operation, name) =>
          name.startsWith('POST') &&
          !/\/(refresh|probe|check|test|rotate-secret|\{deliveryId\}\/replay|reauth\/\{token\})$/.test(name) &&
          !operation.requestBody,
      ),
    ).toEqual([]);
  });

  it('has a summary and a description of every route', () => {
    expect(lacking(({ summary, description }) => !summary || !description)).toEqual([]);
  });

  it('has an example for every part of a path', () => {
    expect(lacking(({ parameters }) => parameters.some((one) => one.in === 'path' && !one.schema.example))).toEqual([]);
  });

  /** What is refused before its path is known has no surface: large headers, and the headers of a request without a body. */
  const problemTypeOf = (name: string, status: string): string => {
    const isWithoutPath = status === '431' || (status === '408' && name.startsWith('GET '));
    const isOfProjects = isOfProjectsSurface(name.split(' ')[1]!);
    return isOfProjects && !isWithoutPath ? 'application/json' : 'application/problem+json';
  };

  it('lists the problems of every route', () => {
    const statuses = ({ responses }: Operation): string[] => Object.keys(responses);
    expect(
      lacking(
        (operation) =>
          !isPublic(operation) &&
          !['401', '403', '408', '429', '431', '500', '503'].every((status) => statuses(operation).includes(status)),
      ),
    ).toEqual([]);
    expect(
      lacking(({ parameters, responses }) => parameters.some((one) => one.name === 'id') && !responses['404']),
    ).toEqual([]);
    const notProblems = operations.flatMap(([name, operation]) =>
      Object.entries(operation.responses)
        .filter(
          ([status, { content = {} }]) =>
            Number(status) >= 400 && !isPublic(operation) && !content[problemTypeOf(name, status)],
        )
        .map(([status]) => `${name} ${status}`),
    );
    expect(notProblems).toEqual([]);
  });

  it('lists the codes of each problem in its schema, one example a code', () => {
    const wrong = operations.flatMap(([name, { responses }]) =>
      Object.entries(responses).flatMap(([status, { content = {} }]) => {
        const { schema, examples = {} } = content['application/problem+json'] ?? {};
        if (!schema) return [];
        const { allOf } = schema as { allOf: [object, { properties: { code: { enum: string[] } } }] };
        const codes = allOf[1].properties.code.enum;
        return JSON.stringify(codes) === JSON.stringify(Object.keys(examples)) ? [] : [`${name} ${status}`];
      }),
    );
    expect(wrong).toEqual([]);
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

  it('groups the routes in the order in which a customer needs them, each group with a description', () => {
    const order = [
      'Connect',
      'Accounts',
      'Webhooks',
      'Events',
      'Projects',
      'Social accounts',
      'Leased accounts',
      'OAuth apps',
      'API keys',
      'Operator',
      'Browser endpoints',
      'Platform callbacks',
      'Operations',
    ];
    expect(document.tags.map(({ name }) => name)).toEqual(order);
    expect(document.tags.filter(({ description }) => !description)).toEqual([]);
    expect(lacking(({ tags }) => tags?.length !== 1 || !order.includes(tags[0]!))).toEqual([]);
    const forBackends = operations.filter(([, { tags }]) => order.slice(0, 10).includes(tags![0]!));
    expect(forBackends.filter(([, operation]) => isPublic(operation)).map(([name]) => name)).toEqual([]);
  });

  it('shows of a field only what the route takes, and of a missing scope the one that the route needs', () => {
    const wrong = operations.flatMap(([name, operation]) => {
      const body = Object.values(operation.requestBody?.content ?? {}).flatMap(({ examples = {} }) =>
        Object.values(examples),
      );
      const taken = [
        ...operation.parameters.map((one) => one.name),
        ...body.flatMap(({ value }) => Object.keys(value)),
      ];
      const errors = problemsOf(operation).flatMap((problem) => problem.errors ?? []);
      const fields = errors.filter(({ message }) => message !== UNKNOWN).map(({ field }) => field);
      const isOptional = (field: string): boolean => ['scopes', 'project_id'].includes(field);
      return fields.filter((field) => !taken.includes(field) && !isOptional(field)).map((field) => `${name} ${field}`);
    });
    expect(wrong).toEqual([]);
    const scopes = (operation: Operation): string => operation['x-required-scopes']?.join(' or ') ?? '';
    expect(
      lacking((operation) =>
        problemsOf(operation).some(
          ({ code, detail }) =>
            code === 'scope.missing' && detail !== `The credential lacks the scope ${scopes(operation)}.`,
        ),
      ),
    ).toEqual([]);
    expect(
      lacking(
        (operation) =>
          scopes(operation) !== '' && !operation.description?.includes(`\`${operation['x-required-scopes']![0]!}\``),
      ),
    ).toEqual([]);
  });

  it('requires no scope that it calls reserved, and for each of the others', () => {
    const required = new Set(operations.flatMap(([, operation]) => operation['x-required-scopes'] ?? []));
    expect([...required].toSorted()).toEqual(API_SCOPES.filter((scope) => !RESERVED_SCOPES.includes(scope)).toSorted());
    expect(readFileSync('docs/guide.md', 'utf8')).toContain(
      `| ${RESERVED_SCOPES.map((scope) => `\`${scope}\``).join(', ')} | nothing yet: reserved`,
    );
  });

  it('shows for each route what it answers to a field that is wrong', async () => {
    const key = await api.key();
    const made = await api.post('/v1/oauth-apps', key, {
      provider: 'x',
      name: 'X',
      client_id: 'id',
      client_secret: 'shh',
    });
    const { id } = (await made.json()) as { id: string };
    const hook = await api.post('/v1/webhooks', key, { url: 'http://127.0.0.1:4000/', events: ['*'] });
    const webhook = ((await hook.json()) as { id: string }).id;
    const idOf = (path: string): string => {
      if (path.includes('oauth-apps')) return id;
      return path.includes('webhooks') ? webhook : 'acc_01h455vb4pex5vsknk084sn02q';
    };
    const keys = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v']));
    const bad: Record<string, unknown> = {
      limit: 0,
      min_ttl: 86_401,
      selection: 'some',
      force: 'maybe',
      metadata: keys,
      platform_account_ids: [],
      connect_token: '',
      name: '',
      client_secret: '',
      events: [],
      since: 'yesterday',
      provider: 'myspace',
      return_url: `https://app.example.com/${'a'.repeat(2_048)}`,
    };
    const shown = operations.flatMap(([name, operation]) =>
      problemsOf(operation)
        .filter(({ code }) => code === 'validation.failed')
        .map((problem) => [name, problem] as const),
    );
    expect(shown.length).toBeGreaterThan(8);
    for (const [name, { detail, errors }] of shown) {
      const field = errors![0]!.field;
      const [method, path] = name.split(' ') as [string, string];
      const url = path.replace('{provider}', 'x').replace('{id}', idOf(path));
      const body = JSON.stringify({ ...exampleBody(path, method), [field]: bad[field] });
      const answer =
        /GET|DELETE/.test(method) || errors![0]!.message === UNKNOWN
          ? await api.call(`${url}?${field}=${String(bad[field])}`, { as: key, method })
          : await api.call(url, { as: key, method, body, headers: { 'content-type': 'application/json' } });
      expect([name, await answer.json()]).toEqual([
        name,
        expect.objectContaining({ code: 'validation.failed', detail, errors }),
      ]);
    }
  });

  it('is served as a page that needs nothing from elsewhere', async () => {
    const page = await api.call('/docs');
    expect([page.status, await page.text()]).toEqual([200, expect.not.stringMatching(/(src|href)="https?:/)]);
    expect(await (await api.call('/docs/swagger-ui-bundle.js')).text()).toContain('SwaggerUIBundle');
    expect(await (await api.call('/docs/swagger-ui-init.js')).text()).toContain('"persistAuthorization": true');
  });
});
