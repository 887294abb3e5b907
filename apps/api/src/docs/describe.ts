import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiExtension, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import type { ProblemCode } from '../http/problem-codes.js';
import { type DeclaredProblems, PROBLEMS_EXTENSION } from './operation-problems.js';

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
  /** The problems of this route; operation-problems.ts adds those of every route. */
  problems: ProblemCode[];
  isPublic?: boolean;
  /** Public too; its problems are pages for clients that prefer HTML. */
  isForBrowsers?: boolean;
}

const ENVIRONMENT = {
  name: 'X-Environment',
  required: false,
  description: 'With a dashboard token: which environment is meant, live by default. An API key has one of its own.',
  schema: { type: 'string' as const, enum: ['live', 'test'] },
};

/** The documentation of a route: its answer with an example, and the problems of its own. */
export function Describe({ answers, body, problems, ...rest }: Description): MethodDecorator {
  const { isForBrowsers = false, isPublic = isForBrowsers, ...texts } = rest;
  const given = [answers].flat();
  const declared: DeclaredProblems = { codes: problems, isPublic, isForBrowsers };
  return applyDecorators(
    ApiOperation({ ...texts, ...(isPublic && { security: [] }) }),
    ...given.map((one) => ApiResponse(answer(one))),
    ApiExtension(PROBLEMS_EXTENSION, declared),
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
