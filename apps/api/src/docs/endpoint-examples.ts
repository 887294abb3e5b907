import type { OpenAPIObject } from '@nestjs/swagger';
import { PROVIDER_NAMES } from '#providers';
import { PROBLEM_CODES, type ProblemCode } from '../http/problem-codes.js';
import type { ProblemView } from '../http/problem.js';

/** What @Scopes and @RateClass leave in the document. */
const SCOPES_EXTENSION = 'x-required-scopes';
const RATE_CLASS_EXTENSION = 'x-rate-class';

interface Operation {
  [SCOPES_EXTENSION]?: string[];
  [RATE_CLASS_EXTENSION]?: string;
  description?: string;
  parameters?: { name: string; in: string }[];
  requestBody?: { content?: Record<string, { examples?: Record<string, { value: object }> }> };
  responses: Record<string, { content?: Record<string, { examples?: Record<string, { value: ProblemView }> }> }>;
}
type Endpoint = Operation & { method: string };

const NO_PROVIDER = `must be one of ${PROVIDER_NAMES.join(', ')}`;

/** A mistake in each of these fields, and what is answered: the first field that an endpoint takes is its example. */
const MISTAKES: readonly [field: string, message: string][] = [
  ['limit', 'must be between 1 and 100'],
  ['min_ttl', 'must be between 0 and 86400'],
  ['selection', 'must be all or manual'],
  ['force', 'must be true or false'],
  ['metadata', 'must have at most 50 keys'],
  ['platform_account_ids', 'must have at least one entry'],
  ['connect_token', 'must not be empty'],
  ['name', 'must not be empty'],
  ['client_secret', 'must not be empty'],
  ['scopes', 'must have at most 64 entries'],
  ['since', 'must be the id of an event, or a time in ISO 8601 with a zone'],
  ['events', 'must have at least one entry'],
  ['return_url', 'must be at most 2048 characters'],
  ['provider', NO_PROVIDER],
];

/** The mistake at an endpoint that takes no field. */
const UNKNOWN_PARAMETER = ['verbose', 'is not a known parameter'] as const;

/** The field that a code is about, wherever the code is answered. */
const FIELDS: Partial<Record<ProblemCode, [field: string, message: string]>> = {
  'cursor.invalid': ['cursor', 'is damaged, or belongs to another list or other filters'],
  'provider.unknown': ['provider', NO_PROVIDER],
  'provider.live_only': ['provider', 'has no imitation in the sandbox, so it needs a live key'],
  'return_url.not_allowed': ['return_url', "is not covered by the app's allowed_return_urls"],
  'project.not_found': ['project_id', 'is not a project of this workspace and environment'],
  'webhook.url_refused': ['url', 'must lead to a public address; the operator of this service can allow others'],
  'scopes.invalid': ['scopes', 'must have at most 64 entries'],
};

/** Makes every example of a problem one that its endpoint gives: its own fields, its own scope, its own class of limits. */
export function fitExamples(document: OpenAPIObject): void {
  for (const methods of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>))
      fitOperation({ ...operation, method }, operation);
  }
}

function fitOperation(endpoint: Endpoint, operation: Operation): void {
  const scopes = endpoint[SCOPES_EXTENSION];
  const needs = scopes && `Needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
  if (needs !== undefined) operation.description = [operation.description, needs].filter(Boolean).join('\n\n');
  for (const { content = {} } of Object.values(operation.responses)) {
    const examples = content['application/problem+json']?.examples ?? {};
    for (const [code, example] of Object.entries(examples))
      example.value = { ...example.value, ...fitted(code as ProblemCode, endpoint) };
  }
}

function fitted(code: ProblemCode, endpoint: Endpoint): Partial<ProblemView> {
  const scopes = endpoint[SCOPES_EXTENSION] ?? [];
  if (code === 'scope.missing' && scopes.length > 0)
    return { detail: `The credential lacks the scope ${scopes.join(' or ')}.` };
  if (code === 'rate_limit.exceeded')
    return { detail: PROBLEM_CODES[code][1].replace('class read', `class ${rateClassOf(endpoint)}`) };
  if (code === 'validation.failed') return about(mistakeAt(endpoint), ': ');
  const field = FIELDS[code];
  return field ? about(field, ' ') : {};
}

function about([field, message]: readonly [string, string], separator: ': ' | ' '): Partial<ProblemView> {
  const detail = separator === ' ' ? `The field ${field} ${message}.` : `${field}: ${message}.`;
  return { detail, errors: [{ field, message }] };
}

const rateClassOf = (endpoint: Endpoint): string =>
  endpoint[RATE_CLASS_EXTENSION] ?? (endpoint.method === 'get' ? 'read' : 'write');

function mistakeAt(endpoint: Endpoint): readonly [string, string] {
  const taken = [...inQuery(endpoint), ...inBody(endpoint)];
  if (taken.length === 0) return UNKNOWN_PARAMETER;
  const mistake = MISTAKES.find(([field]) => taken.includes(field));
  if (!mistake) throw new Error(`no mistake is known in any of the fields ${taken.join(', ')}`);
  return mistake;
}

const inQuery = ({ parameters = [] }: Endpoint): string[] =>
  parameters.filter((one) => one.in === 'query').map(({ name }) => name);
const inBody = ({ requestBody }: Endpoint): string[] =>
  Object.keys(requestBody?.content?.['application/json']?.examples?.example?.value ?? {});
