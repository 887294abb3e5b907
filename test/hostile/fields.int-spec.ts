import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isOfProjectsSurface } from '../../apps/api/src/http/projects-problem.js';
import { openTestApi, type TestApi } from '../support/api.js';
import { everyRow, operatorToken } from '../support/tenant-world.js';

/** The part of one operation in OpenAPI that this test needs. */
interface Operation {
  method: string;
  path: string;
  security?: object[];
  parameters?: Parameter[];
  requestBody?: {
    content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> } | undefined>;
  };
}
interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  example?: string;
  schema?: { example?: string; enum?: string[] };
}
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
}
type Document = Record<'paths', Record<string, Record<string, Operation>>>;

let api: TestApi;
let key: string;
let operator: string;
let pool: pg.Pool;
let operations: Operation[];

const MANY = { read: 1_000_000, write: 1_000_000, heavy: 1_000_000 };

beforeAll(async () => {
  api = await openTestApi();
  pool = new pg.Pool({ connectionString: api.database.url });
  key = await api.key({ rateLimits: MANY });
  operator = await operatorToken(api);
  const { paths } = (await (await api.call('/v1/openapi.json')).json()) as Document;
  // What the proxy takes is checked by rules of its own: libs/accounts/src/policies/api-target.spec.ts, apps/api/src/calls/proxy.int-spec.ts.
  const read = Object.entries(paths).filter(([path]) => !path.includes('/proxy/'));
  operations = read.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

interface Answer {
  status: number;
  text: string;
  fields: string[];
  /** The sentences about fields. */
  messages: string[];
}

async function answerTo(path: string, init: RequestInit): Promise<Answer> {
  const as = path.startsWith('/v1/operator/') ? operator : key;
  const response = await api.call(path, { as, ...init });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const { errors = [] } = isProblem ? (JSON.parse(text) as { errors?: { field: string; message: string }[] }) : {};
  const issues = isOfProjectsSurface(path) && response.status >= 400 ? issuesOf(text) : [];
  return {
    status: response.status,
    text,
    fields: [...errors.map(({ field }) => field), ...issues.map(({ path: field }) => field)],
    messages: [...errors, ...issues].map(({ message }) => message),
  };
}

const issuesOf = (text: string): { path: string; message: string }[] =>
  (JSON.parse(text) as { error: { details: { issues?: { path: string; message: string }[] } } }).error.details.issues ??
  [];

/** The status of a mistake in a field. */
const REFUSED = { accounts: 400, projects: 422 };

/** `what`: begins with the method and the path. */
const refusedStatus = (what: string): number =>
  isOfProjectsSurface(what.split(' ')[1]!) ? REFUSED.projects : REFUSED.accounts;

const exampleOf = ({ example, schema, name }: Parameter): string =>
  example ?? schema?.example ?? schema?.enum?.[0] ?? name;

/** The operation's URL with good values in its path, but for those given. */
const pathOf = ({ path, parameters = [] }: Operation, encoded: Record<string, string> = {}): string =>
  path.replace(
    /\{(\w+)\}/g,
    (_, name: string) =>
      encoded[name] ?? encodeURIComponent(exampleOf(parameters.find((one) => one.in === 'path' && one.name === name)!)),
  );

const isPublic = ({ security }: Operation): boolean => security?.length === 0;
const parametersIn = (place: Parameter['in']): [Operation, Parameter][] =>
  operations.flatMap((operation) =>
    (operation.parameters ?? [])
      .filter((one) => one.in === place)
      .map((one): [Operation, Parameter] => [operation, one]),
  );

/** A number of something, and no word for what is counted. */
const WITHOUT_UNIT = /\bat (most|least) [\d,]+(?![\d,:-]| [a-z])/;

/** What is wrong with answers, one line each: empty if every answer is correct. */
type Faults = string[];
function faultsOf(
  what: string,
  { status, text, fields, messages }: Answer,
  { isRefused, field }: { isRefused?: true; field?: string },
): Faults {
  const seen = `${what}: ${status} ${text.slice(0, 200)}`;
  if (status >= 500) return [seen];
  if (isRefused && status !== refusedStatus(what)) return [seen];
  const bare = messages.find((message) => WITHOUT_UNIT.test(message));
  if (bare !== undefined) return [`${what} is refused without a unit: ${bare}`];
  const isNamed = field === undefined || fields.some((one) => one.startsWith(field));
  return isNamed ? [] : [`${what} does not name ${field}: ${text.slice(0, 200)}`];
}

const NEVER_TEXT = {
  'a NUL': '%00',
  'a NUL within': 'a%00b',
  'a surrogate': '%ED%A0%80',
  'an overlong dot': '%C0%AE',
  'an escape of nothing': '%zz',
};
const ODD_TEXT = {
  'bidirectional override': '%E2%80%AE',
  'zero width': '%E2%80%8B',
  prototype: '__proto__',
  constructor: 'constructor',
  spaces: '%20',
  dots: '..%2f..',
  'a line break': 'a%0D%0Ab',
};
const LONG = 'x'.repeat(8_000);

describe('every operation', () => {
  it('is in the OpenAPI document', () => {
    expect(operations.length).toBeGreaterThan(20);
    expect(parametersIn('query').length).toBeGreaterThan(10);
  });

  it("answers a hostile path as the caller's mistake", async () => {
    const faults: Faults = [];
    for (const [operation, { name, ...parameter }] of parametersIn('path')) {
      const example = exampleOf({ name, ...parameter });
      const values = {
        ...NEVER_TEXT,
        ...ODD_TEXT,
        long: LONG,
        'upper case': example.toUpperCase(),
        overflow: example.replace(/_0/, '_8'),
      };
      await Promise.all(
        Object.entries(values).map(async ([what, value]) => {
          const answer = await answerTo(pathOf(operation, { [name]: value }), { method: operation.method });
          faults.push(...faultsOf(`${operation.method} ${operation.path} with ${what} as ${name}`, answer, {}));
        }),
      );
    }
    expect(faults).toEqual([]);
  });

  it('names the query parameter that cannot be read', async () => {
    const faults: Faults = [];
    for (const [operation, { name }] of parametersIn('query')) {
      const answerWith = (query: string): Promise<Answer> =>
        answerTo(`${pathOf(operation)}?${query}`, { method: operation.method });
      const wrong: Record<string, string> = { ...NEVER_TEXT, long: LONG, nothing: '' };
      const queries = Object.entries(wrong).map(([what, value]): [string, string] => [what, `${name}=${value}`]);
      for (const [what, query] of [
        ...queries,
        ['twice', `${name}=1&${name}=1`],
        ['brackets', `${name}[]=1`],
        ['a member', `${name}[a]=1`],
      ] as const) {
        const expected = isPublic(operation) ? {} : { isRefused: true as const, field: name };
        faults.push(
          ...faultsOf(
            `${operation.method} ${operation.path} with ${what} for ${name}`,
            await answerWith(query),
            expected,
          ),
        );
      }
      for (const [what, value] of Object.entries(ODD_TEXT)) {
        faults.push(
          ...faultsOf(
            `${operation.method} ${operation.path} with ${what} for ${name}`,
            await answerWith(`${name}=${value}`),
            {},
          ),
        );
      }
    }
    expect(faults).toEqual([]);
  });

  it('refuses an unknown query parameter where it requires a credential', async () => {
    const faults: Faults = [];
    for (const operation of operations.filter((one) => !isPublic(one))) {
      for (const name of ['surprise', '__proto__', 'constructor']) {
        const answer = await answerTo(`${pathOf(operation)}?${name}=1`, { method: operation.method });
        faults.push(
          ...faultsOf(`${operation.method} ${operation.path}?${name}=1`, answer, { isRefused: true, field: name }),
        );
      }
    }
    expect(faults).toEqual([]);
  });

  it('names the header that cannot be read', async () => {
    const faults: Faults = [];
    for (const [operation, { name }] of parametersIn('header')) {
      for (const value of ['', 'a b', 'x'.repeat(300), '\u00ff']) {
        const headers = { [name]: value };
        const body = operation.requestBody && {
          body: '{}',
          headers: { ...headers, 'content-type': 'application/json' },
        };
        const answer = await answerTo(pathOf(operation), { method: operation.method, headers, ...body });
        faults.push(
          ...faultsOf(`${operation.method} ${operation.path} with ${JSON.stringify(value)} as ${name}`, answer, {
            isRefused: true,
            field: name,
          }),
        );
      }
    }
    expect(faults).toEqual([]);
  });
});

const MARK = '"\u0001mark"';
const DEEP = `${'[{"a":'.repeat(2_000)}1${'}]'.repeat(2_000)}`;
/** JSON texts that no field of any kind takes. */
const NEVER_JSON: Record<string, string> = { 'deep nesting': DEEP, 'beyond numbers': '1e400' };
/** JSON texts that a field of text does not take. */
const NEVER_STRING: Record<string, string> = {
  'a NUL': '"a\\u0000b"',
  'a lone surrogate': '"a\\ud800b"',
  'a control character': '"a\\u0007b"',
  '90 kB': `"${'x'.repeat(90_000)}"`,
  'a number': '1',
  'a boolean': 'true',
  'a list': '["a"]',
  'an object': '{"a":"b"}',
};
const ODD_JSON: Record<string, string> = {
  nothing: 'null',
  'a prototype': '{"__proto__":{"a":1}}',
  'a constructor': '{"constructor":{"prototype":{"a":1}}}',
  'an override': '"\\u202e"',
  'a zero width space': '"\\u200b"',
  'the largest number': '1e308',
  'much of it': `[${'"a",'.repeat(20_000)}"a"]`,
  'an empty text': '""',
};

/** Without entries: the page of this service, and no host at all. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['allowed_return_urls', 'return_hosts']);

interface Place {
  name: string;
  schema: Schema;
  /** The body with the mark where a hostile value goes. */
  body: string;
}

/** Every field of a body, and the members of its lists and objects. */
function placesOf(schema: Schema, example: Record<string, unknown>): Place[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = (value: unknown): string => JSON.stringify({ ...example, [name]: value }).replace('"\\u0001mark"', MARK);
    const mark = '\u0001mark';
    const members = field.type === 'array' ? [{ name, schema: field.items ?? {}, body: at([mark]) }] : [];
    const inner = Object.entries(field.properties ?? {}).map(([member, of]) => ({
      name: `${name}.${member}`,
      schema: of,
      body: at({ [member]: mark }),
    }));
    const any =
      typeof field.additionalProperties === 'object'
        ? [{ name, schema: field.additionalProperties, body: at({ some: mark }) }]
        : [];
    return [{ name, schema: field, body: at(mark) }, ...members, ...inner, ...any];
  });
}

const takesText = ({ type, anyOf = [] }: Schema): boolean =>
  type === 'string' || anyOf.some((one) => one.type === 'string');

describe('every field of every body', () => {
  const send = ({ method, ...operation }: Operation, body: string): Promise<Answer> =>
    answerTo(pathOf({ method, ...operation }), { method, body, headers: { 'content-type': 'application/json' } });

  /** Every field of every body with a credential, with a body that has the mark in its place. */
  const fields = (): [Operation, Place][] =>
    operations
      .filter((one) => !isPublic(one) && one.requestBody)
      .flatMap((operation) => {
        const { schema, examples } = operation.requestBody!.content['application/json']!;
        const example = examples!['example']!.value as Record<string, unknown>;
        return placesOf(schema, example).map((place): [Operation, Place] => [operation, place]);
      });
  const marked = ({ body }: Place, value: string): string => body.replace(MARK, () => value);

  it('is refused by its name when it is hostile, and nothing is stored', async () => {
    const faults: Faults = [];
    const before = await everyRow({ pool });
    for (const [operation, place] of fields()) {
      const never = { ...NEVER_JSON, ...(takesText(place.schema) && NEVER_STRING) };
      const [first = ''] = place.name.split('.');
      const twice = marked(place, 'null').replace(/\}$/, () => `,"${first}":1}`);
      const bodies = Object.entries(never).map(([what, value]) => [what, marked(place, value), place.name] as const);
      await Promise.all(
        [...bodies, ['a repetition', twice, first] as const].map(async ([what, body, field]) => {
          const answer = await send(operation, body);
          const name = `${operation.method} ${operation.path} with ${what} as ${place.name}`;
          faults.push(...faultsOf(name, answer, { isRefused: true, field }));
        }),
      );
    }
    expect(faults).toEqual([]);
    expect(fields().length).toBeGreaterThan(20);
    expect(await everyRow({ pool })).toEqual(before);
  });

  it('is no failure of the service when it is odd', async () => {
    const faults: Faults = [];
    for (const [operation, place] of fields())
      await Promise.all(
        Object.entries(ODD_JSON).map(async ([what, value]) => {
          const answer = await send(operation, marked(place, value));
          faults.push(...faultsOf(`${operation.method} ${operation.path} with ${what} as ${place.name}`, answer, {}));
        }),
      );
    expect(faults).toEqual([]);
    expect((await api.call('/health/live')).status).toBe(200);
  });

  it('is refused by its name when it is a list without entries, unless no entries are a choice', async () => {
    const faults: Faults = [];
    for (const operation of operations.filter((one) => !isPublic(one) && one.requestBody)) {
      const { schema, examples } = operation.requestBody!.content['application/json']!;
      const example = examples!['example']!.value as object;
      for (const [name] of Object.entries(schema.properties ?? {}).filter(([, { type }]) => type === 'array')) {
        const answer = await send(operation, JSON.stringify({ ...example, [name]: [] }));
        const what = `${operation.method} ${operation.path} without entries in ${name}`;
        if (MAY_BE_EMPTY.has(name)) faults.push(...(answer.fields.includes(name) ? [`${what}: ${answer.text}`] : []));
        else faults.push(...faultsOf(what, answer, { isRefused: true, field: name }));
      }
    }
    expect(faults).toEqual([]);
  });

  it('is named when the operation has no such field, or no body at all', async () => {
    const faults: Faults = [];
    for (const operation of operations.filter((one) => !isPublic(one) && one.method !== 'GET')) {
      for (const name of ['surprise', '__proto__', 'constructor', 'prototype']) {
        const answer = await send(operation, `{"${name}":{"prototype":1}}`);
        faults.push(
          ...faultsOf(`${operation.method} ${operation.path} with ${name}`, answer, { isRefused: true, field: name }),
        );
      }
    }
    expect(faults).toEqual([]);
  });
});

describe('the workspace of a dashboard token', () => {
  it.each([
    ['a NUL', 'a\u0000b'],
    ['a lone surrogate', 'a\ud800'],
    ['a line break', 'a\nb'],
    ['nothing to see', '\u200b\u2060'],
    ['only spaces', '   '],
    ['256 characters', 'x'.repeat(256)],
    ['a number', 1],
    ['a list', ['a']],
    ['an object', { a: 1 }],
    ['null', null],
  ])('may not have %s', async (_what, sub) => {
    const token = await api.token({ claims: { sub: sub as string } });
    expect((await api.call('/v1/accounts', { as: token })).status).toBe(401);
  });
});
