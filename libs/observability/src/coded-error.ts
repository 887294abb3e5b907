/** One invalid field of the input. */
export interface FieldProblem {
  /** Path in the input, dotted: `credentials.access_token`. */
  field: string;
  message: string;
}

/** What a program can act on, beside the code. */
export interface ErrorDetails {
  requiredScope?: string;
  /** The platform's own error code. */
  platformCode?: string;
}

export interface CodedErrorOptions {
  fields?: FieldProblem[];
  details?: ErrorDetails;
  /** Seconds after which a repeated request may succeed. */
  retryAfter?: number;
  cause?: unknown;
}

/**
 * An error with a stable `code` (`account.not_found`). Each surface maps the code to an answer. The message is one sentence
 * for the caller and contains no secret.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly fields: FieldProblem[];
  readonly details: ErrorDetails;
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    options: CodedErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fields = options.fields ?? [];
    this.details = options.details ?? {};
    this.retryAfter = options.retryAfter;
  }
}

/** The code of an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
