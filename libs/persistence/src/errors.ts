import { CodedError } from '#observability';

const UNIQUE_VIOLATION = '23505';

/** Whether the error is a violation of this unique index. */
export function violates(error: unknown, index: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === UNIQUE_VIOLATION &&
    'constraint' in error &&
    error.constraint === index
  );
}

/** More callers wait for the database than may wait. */
export const databaseBusy = (): CodedError =>
  new CodedError('database.busy', 'Too many requests wait for the database; try again in a second.', { retryAfter: 1 });
