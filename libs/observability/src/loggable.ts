const MAX_DEPTH = 5;

/** Fields of a log line, with each error in them, under any name, reduced by `loggableError`. */
export function loggable(fields: Record<string, unknown>): Record<string, unknown> {
  const { err, ...rest } = fields;
  const others = clean(rest, MAX_DEPTH) as Record<string, unknown>;
  return err === undefined ? others : { ...others, err: loggableError(err) };
}

/** Type, code, message, stack and cause of an error. Its other fields may contain secrets and are omitted. */
export function loggableError(error: unknown, depth = MAX_DEPTH): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    code,
    message: error.message,
    stack: error.stack,
    ...(error.cause && depth > 0 ? { cause: loggableError(error.cause, depth - 1) } : {}),
  };
}

function clean(value: unknown, depth: number): unknown {
  if (value instanceof Error) return loggableError(value);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  if (depth === 0) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => clean(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, clean(field, depth - 1)]));
}

/** Dates, secrets and other objects with their own output format stay unchanged. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
