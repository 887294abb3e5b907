import fc from 'fast-check';
import { accepted, hardText, hardValue, type InputSchema } from './inputs.js';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: InputSchema;
}

interface Media {
  schema: InputSchema;
  examples?: { example?: { value: unknown } };
}

/** What this file reads of an operation in the document. */
export interface OperationInputs {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
}

/** A request without its host; the path is encoded. */
export interface GeneratedRequest {
  path: string;
  query: [name: string, value: string][];
  headers: Record<string, string>;
  body: string | undefined;
}

type Change = (request: GeneratedRequest) => GeneratedRequest;

const JSON_TYPE = 'application/json';
const LONE_SURROGATE = /\p{Cs}/u;

/** Requests as the document declares them. */
export function declaredRequest(path: string, inputs: OperationInputs): fc.Arbitrary<GeneratedRequest> {
  const query = fc.record(Object.fromEntries(queryOf(inputs).map(({ name, schema }) => [name, accepted(schema)])), {
    requiredKeys: queryOf(inputs)
      .filter(({ required }) => required)
      .map(({ name }) => name),
  });
  return fc.record({ query, body: declaredBody(inputs) }).map(({ query: values, body }): GeneratedRequest => ({
    ...plainRequest(path, body),
    query: Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
  }));
}

/** The documented example, where there is one with a body. */
export function exampleRequest(path: string, inputs: OperationInputs): GeneratedRequest {
  return plainRequest(path, jsonOf(inputs)?.examples?.example?.value);
}

const plainRequest = (path: string, body: unknown): GeneratedRequest => ({
  path,
  query: [],
  headers: body === undefined ? {} : { 'content-type': JSON_TYPE },
  body: body === undefined ? undefined : JSON.stringify(body),
});

/** Such a request with one to three changes of any of its parts. */
export function changedRequest(path: string, inputs: OperationInputs): fc.Arbitrary<GeneratedRequest> {
  const start = fc.oneof(declaredRequest(path, inputs), fc.constant(exampleRequest(path, inputs)));
  const changes = fc.array(fc.oneof(...changesOf(path, inputs)), { minLength: 1, maxLength: 3 });
  return fc.tuple(start, changes).map(([request, list]) => list.reduce((changed, change) => change(changed), request));
}

const queryOf = ({ parameters = [] }: OperationInputs): Parameter[] => parameters.filter((one) => one.in === 'query');
const jsonOf = ({ requestBody }: OperationInputs): Media | undefined => requestBody?.content[JSON_TYPE];

/** Members of the example and of the schema together: rules beyond JSON Schema accept more of them. */
function declaredBody(inputs: OperationInputs): fc.Arbitrary<unknown> {
  const media = jsonOf(inputs);
  if (!media) return fc.constant(undefined);
  const example = media.examples?.example?.value;
  const generated = accepted(media.schema);
  if (typeof example !== 'object' || example === null) return generated;
  const mixed = generated.map((value) => ({ ...(value as object), ...example }));
  return fc.oneof(generated, mixed, fc.constant(example));
}

function changesOf(path: string, inputs: OperationInputs): fc.Arbitrary<Change>[] {
  const names = fc.constantFrom(...queryOf(inputs).map(({ name }) => name), 'unknown', '__proto__', 'a[b]');
  const query = fc
    .tuple(names, hardText)
    .map(([name, value]): Change => (request) => ({ ...request, query: [...request.query, [name, value]] }));
  const always = [query, changedPath(path), ...changedHeaders];
  return jsonOf(inputs) ? [...always, changedBody(inputs), changedBody(inputs), rawBody] : [...always, rawBody];
}

/** One of the segments after `/v1/<noun>`; a dot segment or an empty one would be another path. */
function changedPath(path: string): fc.Arbitrary<Change> {
  const segments = path.split('/');
  const last = segments.length - 1;
  const text = hardText.filter((given) => !LONE_SURROGATE.test(given) && !/^\.{0,2}$/.test(given));
  return fc.tuple(fc.integer({ min: Math.min(3, last), max: last }), text).map(([at, given]): Change => (request) => ({
    ...request,
    path: segments.map((segment, place) => (place === at ? encodeURIComponent(given) : segment)).join('/'),
  }));
}

const header = (name: string, ...values: string[]): fc.Arbitrary<Change> =>
  fc
    .oneof(
      fc.constantFrom(...values),
      fc.string({ maxLength: 20 }).filter((text) => /^[\x21-\x7e]*$/.test(text)),
    )
    .map((value): Change => (request) => ({ ...request, headers: { ...request.headers, [name]: value } }));

const changedHeaders: fc.Arbitrary<Change>[] = [
  header('x-environment', 'live', 'test', 'TEST', 'a,b'),
  header('idempotency-key', 'a', 'a'.repeat(255), 'a'.repeat(256), 'b c'),
  header('x-request-id', 'a'.repeat(128), 'a'.repeat(129), '../a', '"'),
  header('accept', 'text/html', 'application/json', '*/*', 'image/png', 'text/html;q=0'),
  header('content-type', 'text/plain', 'application/json; charset=latin1', 'application/x-www-form-urlencoded', ';'),
  header('content-encoding', 'gzip', 'identity'),
  header('authorization', 'Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer eyJhbGciOiJub25lIn0.e30.'),
  header('x-forwarded-for', '127.0.0.1', '::1'),
  header('x-http-method-override', 'DELETE'),
];

/** Replaces, adds or removes a member at the top of a JSON body, or replaces the whole body. */
function changedBody(inputs: OperationInputs): fc.Arbitrary<Change> {
  const fields = Object.keys(jsonOf(inputs)?.schema.properties ?? {});
  const fieldName = fc.constantFrom(...fields, 'unknown', '__proto__', 'constructor', 'toString', '');
  const replace = fc.tuple(fieldName, hardValue).map(
    ([field, value]): Change =>
      (request) =>
        withMembers(request, (members) => ({ ...members, [field]: value })),
  );
  const remove = fieldName.map(
    (field): Change =>
      (request) =>
        withMembers(request, (members) =>
          Object.fromEntries(Object.entries(members).filter(([name]) => name !== field)),
        ),
  );
  const whole = hardValue.map(
    (value): Change =>
      (request) =>
        withText(request, JSON.stringify(value)),
  );
  return fc.oneof({ weight: 4, arbitrary: replace }, remove, whole);
}

const HARD_BODIES = [
  '',
  '{',
  '{"a":1,"a":2}',
  '{"__proto__":{"isAdmin":true}}',
  '\ufeff{}',
  '{}{}',
  'a=b&c=d',
  '[1,]',
  '"\\ud800"',
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `{"name":"${'a'.repeat(110_000)}"}`,
];

const rawBody: fc.Arbitrary<Change> = fc.oneof(fc.constantFrom(...HARD_BODIES), fc.json()).map(
  (text): Change =>
    (request) =>
      withText(request, text),
);

function withMembers(request: GeneratedRequest, change: (members: Record<string, unknown>) => object) {
  const given = jsonIn(request.body);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  return withText(request, JSON.stringify(change(isObject ? { ...given } : {})));
}

const withText = (request: GeneratedRequest, body: string): GeneratedRequest => ({
  ...request,
  headers: { 'content-type': JSON_TYPE, ...request.headers },
  body,
});

/** The value of a JSON text; undefined for any other text. */
export function jsonIn(text = ''): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
