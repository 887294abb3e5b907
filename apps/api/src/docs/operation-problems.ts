import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_CODES, type ProblemCode } from '../http/problem-codes.js';
import { isOfProjectsSurface, projectsCodeOf } from '../http/projects-problem.js';
import { problemContent, projectsProblemContent } from './problem-content.js';

/** What @Describe records about a route until its method and its inputs are known. */
export const PROBLEMS_EXTENSION = 'x-declared-problems';

export interface DeclaredProblems {
  codes: ProblemCode[];
  isPublic: boolean;
  isForBrowsers: boolean;
}

interface Operation {
  [PROBLEMS_EXTENSION]?: DeclaredProblems;
  'x-rate-class'?: string;
  responses: Record<string, object & { content?: object }>;
}

const ANYWHERE: ProblemCode[] = [
  'request.malformed',
  'value.refused',
  'request.timeout',
  'headers.too_large',
  'internal',
  'database.unavailable',
  'database.busy',
];
/** `validation.failed`: a parameter that the route does not have is refused by its name. */
const WITH_CREDENTIAL: ProblemCode[] = [
  'credential.invalid',
  'scope.missing',
  'environment.contradiction',
  'validation.failed',
];
const WITH_BODY: ProblemCode[] = ['body.malformed', 'body.too_large', 'body.unsupported'];

/** Replaces what @Describe left by the responses of every problem that the operation can have. */
export function addProblems(document: OpenAPIObject): void {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>)) {
      const declared = operation[PROBLEMS_EXTENSION];
      if (!declared) throw new Error(`${method.toUpperCase()} ${path} has no @Describe(…)`);
      Reflect.deleteProperty(operation, PROBLEMS_EXTENSION);
      const codes = codesOf(method, operation, declared);
      const answers = isOfProjectsSurface(path)
        ? byStatus(codes, (code) => projectsCodeOf({ code, status: PROBLEM_CODES[code][0] })[0]).map(
            ([status, group]) => [status, projectsProblemContent(status, group, method !== 'get')] as const,
          )
        : byStatus(codes, (code) => PROBLEM_CODES[code][0]).map(
            ([status, group]) => [status, problemContent(status, group, declared.isForBrowsers)] as const,
          );
      for (const [status, answer] of answers) operation.responses[status] ??= answer;
    }
  }
}

function codesOf(method: string, operation: Operation, { codes, isPublic }: DeclaredProblems): ProblemCode[] {
  const isLimited = operation['x-rate-class'] !== 'none';
  const credential = WITH_CREDENTIAL.filter((code) => code !== 'validation.failed' || !isPassedOn(operation));
  return [
    ...codes,
    ...(isPublic ? [] : credential),
    ...(method === 'get' || isPassedOn(operation) ? [] : isPublic ? (['body.too_large'] as const) : WITH_BODY),
    ...(isLimited ? (['rate_limit.exceeded'] as const) : []),
    ...ANYWHERE,
  ];
}

/** Whether query and body are handed on unread: the answer has the type that the platform gives it. */
const isPassedOn = ({ responses }: Operation): boolean =>
  Object.values(responses).some(({ content = {} }) => '*/*' in content);

function byStatus(codes: ProblemCode[], statusOf: (code: ProblemCode) => number): [number, ProblemCode[]][] {
  const groups = new Map<number, Set<ProblemCode>>();
  for (const code of codes) {
    const status = statusOf(code);
    groups.set(status, (groups.get(status) ?? new Set()).add(code));
  }
  return [...groups].map(([status, group]) => [status, [...group]]);
}
