import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { PROBLEM_CODES, type ProblemCode } from '../http/problem-codes.js';
import { problemContent } from './problem-content.js';

interface Answer {
  status: number;
  description: string;
  schema?: z.ZodType;
  example?: unknown;
  headers?: Record<string, { description: string; schema: { type: 'string' } }>;
  /** Default `application/json`. */
  contentType?: string;
  /** The answer to `Accept: application/json`, where `contentType` is another. */
  asJson?: { schema: z.ZodType; example: unknown };
}

export interface Description {
  summary: string;
  description?: string;
  /** By default the noun of the controller and the name of the method: `accountsList`. Generated clients use it as a name. */
  operationId?: string;
  answers: Answer | Answer[];
  /** An example of the body, where there is one. */
  body?: unknown;
  /** What may go wrong here beside what may go wrong anywhere. */
  problems: ProblemCode[];
  isPublic?: boolean;
  /** Public too; its problems are pages for clients that prefer HTML. */
  isForBrowsers?: boolean;
}

const ANYWHERE: ProblemCode[] = [
  'request.malformed',
  'value.refused',
  'internal',
  'database.unavailable',
  'database.busy',
];
const WITH_CREDENTIAL: ProblemCode[] = [
  'credential.invalid',
  'scope.missing',
  'environment.contradiction',
  'rate_limit.exceeded',
];
const WITHOUT_CREDENTIAL: ProblemCode[] = ['rate_limit.exceeded'];
const WITH_BODY: ProblemCode[] = ['validation.failed', 'body.malformed', 'body.too_large', 'body.unsupported'];

const ENVIRONMENT = {
  name: 'X-Environment',
  required: false,
  description: 'With a dashboard token: which environment is meant, live by default. An API key has one of its own.',
  schema: { type: 'string' as const, enum: ['live', 'test'] },
};

/** What the documentation says of a route: its answer with an example, and every problem it may answer with. */
export function Describe({ answers, body, problems, ...rest }: Description): MethodDecorator {
  const { isForBrowsers = false, isPublic = isForBrowsers, ...texts } = rest;
  const given = [answers].flat();
  const all = [
    ...problems,
    ...(body ? WITH_BODY : []),
    ...(isPublic ? WITHOUT_CREDENTIAL : WITH_CREDENTIAL),
    ...ANYWHERE,
  ];
  return applyDecorators(
    ApiOperation({ ...texts, ...(isPublic && { security: [] }) }),
    ...given.map((one) => ApiResponse(answer(one))),
    ...byStatus(all)
      .filter(([status]) => given.every((one) => one.status !== status))
      .map(([status, codes]) => ApiResponse(problemContent(status, codes, isForBrowsers))),
    ...credentialsOf(isPublic),
    ...(body ? [ApiBody({ required: true, schema: {}, examples: { example: { value: body } } })] : []),
  );
}

const credentialsOf = (isPublic: boolean): (ClassDecorator & MethodDecorator)[] =>
  isPublic ? [] : [ApiBearerAuth('apiKey'), ApiBearerAuth('dashboardJwt'), ApiHeader(ENVIRONMENT)];

function answer({
  status,
  description,
  schema,
  example,
  headers,
  contentType,
  asJson,
}: Answer): Parameters<typeof ApiResponse>[0] {
  if (contentType) {
    const json = asJson && { 'application/json': { schema: plainSchemaOf(asJson.schema), example: asJson.example } };
    const content = { [contentType]: { schema: { type: 'string' as const }, example }, ...json };
    return { status, description, headers, content };
  }
  return { status, description, headers, ...(schema && { standardSchema: schema, example }) };
}

/** As OpenAPI 3.1 writes it. */
function plainSchemaOf(schema: z.ZodType): object {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output' });
  return plain;
}

function byStatus(codes: ProblemCode[]): [number, ProblemCode[]][] {
  const groups = new Map<number, Set<ProblemCode>>();
  for (const code of codes) {
    const status = PROBLEM_CODES[code][0];
    groups.set(status, (groups.get(status) ?? new Set()).add(code));
  }
  return [...groups].map(([status, group]) => [status, [...group]]);
}
