import { z } from 'zod';
import type { Problem, ProblemCode } from './problem-codes.js';

/** The stable codes of the projects surface. */
const PROJECTS_CODES = [
  'VALIDATION',
  'UNAUTHENTICATED',
  'FORBIDDEN_SCOPE',
  'RETURN_URL_NOT_ALLOWED',
  'NOT_FOUND',
  'CONFLICT',
  'IDEMPOTENCY_CONFLICT',
  'RATE_LIMITED',
  'PLATFORM_ERROR',
  'INTERNAL',
  'UNAVAILABLE',
  'PAYLOAD_TOO_LARGE',
] as const;
export type ProjectsCode = (typeof PROJECTS_CODES)[number];

/** The body of every error response of the projects surface. */
export const projectsProblemSchema = z
  .object({
    error: z.object({
      code: z.enum(PROJECTS_CODES).describe('Stable: what a program goes by.'),
      message: z.string().describe('One sentence for a person.'),
      requestId: z.string(),
      details: z.object({
        issues: z
          .array(z.object({ path: z.string(), message: z.string() }))
          .optional()
          .describe('With VALIDATION.'),
        requiredScope: z.string().optional().describe('With FORBIDDEN_SCOPE.'),
        platformCode: z
          .string()
          .optional()
          .describe('With PLATFORM_ERROR and refused credentials: the code of the platform, where it answered.'),
      }),
    }),
  })
  .meta({ id: 'ProjectsProblem' });

export type ProjectsProblemView = z.output<typeof projectsProblemSchema>;

const PATHS = /^\/v1\/(projects|social|social-accounts|leased-accounts|operator)(?=[/?]|$)/;

/** Whether errors at this path have the envelope of the projects surface, unknown routes below it too. */
export const isOfProjectsSurface = (path: string): boolean => PATHS.test(path);

const BY_STATUS: Partial<Record<number, ProjectsCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN_SCOPE',
  404: 'NOT_FOUND',
  405: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'RATE_LIMITED',
  500: 'INTERNAL',
  502: 'PLATFORM_ERROR',
  503: 'UNAVAILABLE',
};

/** Where this surface has another status or code than the one that follows from the status. */
const BY_CODE: Partial<Record<ProblemCode, [status: number, code: ProjectsCode]>> = {
  'validation.failed': [422, 'VALIDATION'],
  'body.malformed': [422, 'VALIDATION'],
  'value.refused': [422, 'VALIDATION'],
  'cursor.invalid': [422, 'VALIDATION'],
  'provider.unknown': [422, 'VALIDATION'],
  'provider.live_only': [422, 'VALIDATION'],
  'scopes.invalid': [422, 'VALIDATION'],
  'credentials.rejected': [422, 'VALIDATION'],
  'credentials.mismatch': [422, 'VALIDATION'],
  'return_url.not_allowed': [403, 'RETURN_URL_NOT_ALLOWED'],
  'oauth_app.missing': [409, 'CONFLICT'],
  'oauth_app.not_found': [422, 'VALIDATION'],
  'project.not_found': [404, 'NOT_FOUND'],
  'idempotency.key_reused': [409, 'IDEMPOTENCY_CONFLICT'],
  'idempotency.running': [409, 'IDEMPOTENCY_CONFLICT'],
  'idempotency.secret_shown_once': [409, 'IDEMPOTENCY_CONFLICT'],
};

/** Status and code of a problem on the projects surface. */
export function projectsCodeOf({ code, status }: Pick<Problem, 'code' | 'status'>): [number, ProjectsCode] {
  return BY_CODE[code] ?? [status, BY_STATUS[status] ?? 'VALIDATION'];
}

export function projectsProblemView(problem: Problem, requestId: string): ProjectsProblemView {
  const [, code] = projectsCodeOf(problem);
  const { requiredScope, platformCode } = problem.details ?? {};
  const issues = problem.fields.map(({ field, message }) => ({ path: pathOf(problem, field), message }));
  return {
    error: {
      code,
      message: sentenceOf(problem),
      requestId,
      details: {
        ...(code === 'VALIDATION' && { issues }),
        ...(requiredScope !== undefined && { requiredScope }),
        ...(platformCode !== undefined && { platformCode }),
      },
    },
  };
}

/** A use case names its fields as the accounts surface does. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['provider', 'platform'],
  ['return_url', 'returnUrl'],
  ['project_id', 'projectId'],
  ['oauth_app_id', 'oauthAppId'],
  ['platform_account_id', 'platformAccountId'],
  ['credentials.access_token', 'credentials.accessToken'],
]);

/** The schemas of this surface have its names already, and an unknown field keeps the name that the client gave. */
const pathOf = ({ code }: Problem, field: string): string =>
  code === 'validation.failed' ? field : (FIELDS.get(field) ?? field);

/** The sentence of a use case begins with the name of its field. */
function sentenceOf(problem: Problem): string {
  const [first] = problem.fields;
  return first
    ? problem.detail.replace(`The field ${first.field} `, `The field ${pathOf(problem, first.field)} `)
    : problem.detail;
}
