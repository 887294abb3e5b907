import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { z } from 'zod';
import { CodedError, type FieldProblem } from '#observability';

type Issue = z.core.$ZodIssue;

/** Checks bodies and queries against the schema at their parameter; each problem names its field, none repeats a value. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ exceptionFactory: (issues) => invalid((issues as readonly Issue[]).flatMap(problemsOf)) });

/** Input that is refused for these fields. */
export function invalid(fields: FieldProblem[]): CodedError {
  const [first] = fields;
  const detail = fields.length === 1 && first ? `${first.field}: ${first.message}` : `${fields.length} fields are not valid.`;
  return new CodedError('validation.failed', detail.endsWith('.') ? detail : `${detail}.`, { fields });
}

function problemsOf(issue: Issue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  return [{ field: issue.path.join('.') || 'body', message: messageOf(issue) }];
}

/** zod's own sentence about a wrong type, in the words of the others. */
function messageOf(issue: Issue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  return issue.message.endsWith('received undefined') ? 'is needed' : `must be of the type ${issue.expected}`;
}
