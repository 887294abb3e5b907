const UNIQUE_VIOLATION = '23505';

/** Whether this is PostgreSQL refusing a second row where `index` allows one. */
export function violates(error: unknown, index: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === UNIQUE_VIOLATION &&
    'constraint' in error &&
    error.constraint === index
  );
}
