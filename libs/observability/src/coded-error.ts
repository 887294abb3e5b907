/** What a field of the input did wrong. */
export interface FieldProblem {
  /** Path in the input, dotted: `credentials.access_token`. */
  field: string;
  message: string;
}

export interface CodedErrorOptions {
  fields?: FieldProblem[];
  /** Seconds after which asking again makes sense. */
  retryAfter?: number;
  cause?: unknown;
}

/**
 * An error that knows its stable `code` (`account.not_found`); each surface decides what the code means to its callers.
 * The message is one sentence for the caller and holds no secret.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly fields: FieldProblem[];
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    options: CodedErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fields = options.fields ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/** The code of an error that has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
