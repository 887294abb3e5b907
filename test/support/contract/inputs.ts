import fc from 'fast-check';

/** The part of JSON Schema that zod writes for queries and bodies. */
export interface InputSchema {
  $ref?: string;
  type?: string;
  enum?: string[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: InputSchema;
  properties?: Record<string, InputSchema>;
  required?: string[];
  propertyNames?: InputSchema;
  additionalProperties?: boolean | InputSchema;
  anyOf?: InputSchema[];
  oneOf?: InputSchema[];
}

const MAX_GENERATED_LENGTH = 40;

/** Values that a schema accepts; rules that JSON Schema cannot express may still refuse them. */
export function accepted(schema: InputSchema): fc.Arbitrary<unknown> {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return fc.oneof(...options.map(accepted));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  return BY_TYPE[schema.type ?? '']?.(schema) ?? fc.jsonValue();
}

const BY_TYPE: Record<string, (schema: InputSchema) => fc.Arbitrary<unknown>> = {
  string: acceptedText,
  integer: ({ minimum = 0, maximum = 1_000 }) => fc.integer({ min: minimum, max: Math.min(maximum, 1_000_000) }),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
  array: ({ items = {}, minItems = 0 }) => fc.array(accepted(items), { minLength: minItems, maxLength: 3 }),
  object: acceptedObject,
};

function acceptedText({ pattern, format, minLength = 0, maxLength = MAX_GENERATED_LENGTH }: InputSchema) {
  if (format === 'date-time') return fc.constantFrom('2026-12-01T12:00:00Z', '2030-01-01T00:00:00+02:00');
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, MAX_GENERATED_LENGTH), unit: 'grapheme' });
}

function acceptedObject({ properties, required = [], propertyNames, additionalProperties }: InputSchema) {
  if (properties) {
    const members = Object.entries(properties).map(([name, member]) => [name, accepted(member)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: required });
  }
  const values = accepted(typeof additionalProperties === 'object' ? additionalProperties : {});
  return fc.dictionary(accepted(propertyNames ?? { type: 'string' }) as fc.Arbitrary<string>, values, { maxKeys: 3 });
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

/** Texts that parsers, databases, headers, logs and paths fail on. */
const HARD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\u0000b',
  '\u202eevil',
  '\ud800',
  '💥'.repeat(200),
  'é'.normalize('NFD'),
  '../../etc/passwd',
  "' or 1=1 --",
  '{{7*7}}',
  '<script>alert(1)</script>',
  'a\r\nX-Injected: 1',
  'null',
  '-1',
  '1e999',
  '9007199254740993',
  'http://169.254.169.254/',
  'javascript:alert(1)',
  'https://app.example.com@evil.example/',
  'acc_01h455vb4pex5vsknk084sn02q',
  'acc_7zzzzzzzzzzzzzzzzzzzzzzzzz',
  'ACC_01H455VB4PEX5VSKNK084SN02Q',
  'x'.repeat(300),
  'x'.repeat(5_000),
];

export const hardText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HARD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** Any JSON value: of another type, at a bound, deep, or hard to store. */
export const hardValue: fc.Arbitrary<unknown> = fc.oneof(
  hardText,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, [], {}, [null], nested(15), nested(60)),
  fc.constantFrom<unknown>(
    Array.from({ length: 101 }, () => 'x'),
    { $gt: '' },
    [[], {}],
    { length: 1e9 },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
