import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  maxLength?: number;
  maximum?: number;
  maxItems?: number;
  [member: string]: unknown;
}

let api: TestApi;
let document: Record<string, unknown>;

beforeAll(async () => {
  api = await openTestApi();
  document = (await (await api.call('/v1/openapi.json')).json()) as Record<string, unknown>;
});
afterAll(() => api.close());

interface Operation {
  parameters?: { in: string }[];
  requestBody?: object;
  security?: object[];
}

/** Each schema of a request with its place. A public query is left out: browsers and platforms send what they like. */
function* inputs(): Generator<[place: string, schema: Schema]> {
  for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Operation>>))
    for (const [method, { parameters = [], requestBody = {}, security }] of Object.entries(methods)) {
      const read = parameters.filter((one) => security?.length !== 0 || one.in === 'path');
      yield* schemasIn({ parameters: read, requestBody }, `${method.toUpperCase()} ${path}`);
    }
}

function* schemasIn(value: unknown, place: string): Generator<[string, Schema]> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && typeof value.type === 'string') yield [place, value as Schema];
  for (const [name, member] of Object.entries(value))
    if (!['example', 'examples', 'default', 'enum', 'const'].includes(name))
      yield* schemasIn(member, `${place} ${name}`);
}

const isBounded = ({ type, ...schema }: Schema): boolean => {
  if (type === 'string')
    return ['enum', 'const', 'format', 'pattern', 'maxLength'].some((bound) => schema[bound] !== undefined);
  if (type === 'integer' || type === 'number') return schema.maximum !== undefined;
  return type !== 'array' || schema.maxItems !== undefined;
};

const unbounded = (all: Iterable<[string, Schema]>): string[] => [
  ...new Set([...all].filter(([, schema]) => !isBounded(schema)).map(([place, { type }]) => `${type}: ${place}`)),
];

describe('the OpenAPI document', () => {
  it('bounds every text, number and list that a request may have', () => {
    expect(unbounded(inputs())).toEqual([]);
  });

  it('has the form of every id, state and request id that an answer may have', () => {
    const schemas = (document.components as { schemas: object }).schemas;
    const ids = [...schemasIn(schemas, 'components')].filter(([place]) => /(^| )(id|state|\w+_id)$/.test(place));
    const ours = ids.filter(
      ([place]) => !/(platform_account_id|client_id|api_key_id|steps items properties state)$/.test(place),
    );
    expect(ours.length).toBeGreaterThan(10);
    expect(
      ours.filter(([, { pattern, enum: values }]) => pattern === undefined && !values).map(([place]) => place),
    ).toEqual([]);
  });

  it.each([
    ['acc_01h455vb4pex5vsknk084sn02q', true],
    ['acc_7zzzzzzzzzzzzzzzzzzzzzzzzz', true],
    ['acc_8zzzzzzzzzzzzzzzzzzzzzzzzz', false],
    ['acc_01h455vb4pex5vsknk084sn02i', false],
    ['acc_01h455vb4pex5vsknk084sn02', false],
    ['oa_01h455vb4pex5vsknk084sn02q', false],
  ])('decides that %s is an account id: %s', (id, isOne) => {
    const paths = document.paths as Record<string, { get: { parameters: { schema: Schema }[] } }>;
    expect(new RegExp(paths['/v1/accounts/{id}']!.get.parameters[0]!.schema.pattern!).test(id)).toBe(isOne);
  });
});
