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
  /** The public id of the oldest event that is left. */
  oldestEventId?: string;
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

/** An error that joins several, such as refused connections to each address of a host, has no message of its own. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return message || codeOf(error) || 'the reason is unknown; LOG_LEVEL=debug shows where it failed';
}

/**
 * An error of the system at the use of a setting, with the name of the setting: the system's own sentence has a path or an
 * address at most. Other errors stay as they are.
 */
export function settingError(name: string, error: unknown): unknown {
  const isOfSystem = /^E[A-Z0-9_]+$/.test(codeOf(error) ?? '');
  return isOfSystem ? new Error(`${name} cannot be used: ${sentenceOf(error)}`, { cause: error }) : error;
}
