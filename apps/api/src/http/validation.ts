import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { z } from 'zod';
import { CodedError, type FieldProblem } from '#observability';

type Issue = z.core.$ZodIssue;

/** Checks bodies and queries against the schema at their parameter; each problem names its field, none repeats a value. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => invalid((issues as readonly Issue[]).flatMap(problemsOf)),
  });

/** Names that Nest silently removes from queries and bodies, because some libraries write them into prototypes. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Limits of the list of problems, because the client controls their number and the length of the names. */
const MAX_LISTED_PROBLEMS = 50;
const MAX_NAME_LENGTH = 100;

/** The error `validation.failed` with these fields. */
export function invalid(problems: FieldProblem[]): CodedError {
  const fields = problems
    .slice(0, MAX_LISTED_PROBLEMS)
    .map(({ field, message }) => ({ field: printable(field), message }));
  const [first] = fields;
  const count = new Set(problems.map(({ field }) => field)).size;
  const detail = count === 1 && first ? `${first.field}: ${first.message}` : `${count} fields are not valid.`;
  return new CodedError('validation.failed', detail.endsWith('.') ? detail : `${detail}.`, { fields });
}

/**
 * The name of an unknown field is text of the client: a token that stands in the place of a name is not repeated, because
 * answers are logged by clients and stored for idempotency. Names of fields are short and hold few digits.
 */
const printable = (name: string): string =>
  name.split('.').map(printablePart).join('.').slice(0, MAX_NAME_LENGTH) || '(empty name)';

const MAX_PART_LENGTH = 32;
/** As in tokens, keys and UUIDs: a digit among 16 characters without a separator, or six digits. */
const LIKE_A_SECRET = /(?=[a-z\d+/=]*\d)[a-z\d+/=]{16}|(?:\d\D*){6}/i;

function printablePart(part: string): string {
  const isShown = part.length <= MAX_PART_LENGTH && !LIKE_A_SECRET.test(part);
  return isShown ? part.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\ufffd') : `(name of ${part.length} characters)`;
}

function problemsOf(issue: Issue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  return [{ field: issue.path.join('.') || 'body', message: messageOf(issue) }];
}

/** Rewrites the sentence of zod about a wrong type in the style of the other messages. */
function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  if (issue.message.endsWith('received undefined')) return 'is needed';
  // JSON has no records.
  return `must be of the type ${issue.expected === 'record' ? 'object' : issue.expected}`;
}
