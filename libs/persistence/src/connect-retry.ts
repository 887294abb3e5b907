import { type Duration, seconds } from '#config';

/** For a database that starts together with this process. */
export const STARTS_WITHIN: Duration = seconds(30);
/** The name of a starting container may be unknown for some seconds; a misspelt name stays unknown. */
const NAMED_WITHIN: Duration = seconds(4);

const UNKNOWN_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL']);
/**
 * The server answered, and waiting changes nothing: login refused (class 28), no such database (3D000), no right to connect
 * (42501). The driver gives no code where the server requires a password that the URL lacks, or offers no TLS.
 */
const REFUSED = /^(28...|3D000|42501)$/;
const REFUSED_BY_SENTENCE =
  /^(SASL: |The server does not support SSL connections|There was an error establishing an SSL connection|password must be a string)/;

/** How long a failed connection is retried, counted from the first try. 0: the server has refused, or cannot be reached at all. */
export function connectRetryPeriod(error: unknown): Duration {
  const errors = withCauses(error);
  if (errors.some(({ code, message }) => REFUSED.test(code) || REFUSED_BY_SENTENCE.test(message))) return 0;
  return errors.some(({ code }) => UNKNOWN_HOST.has(code)) ? NAMED_WITHIN : STARTS_WITHIN;
}

/** The message for the operator in place of the driver's error. It may hold the user's name, never the password. */
export function explainConnectFailure(error: unknown): string {
  const errors = withCauses(error);
  const message = (errors.find(({ code }) => code !== '') ?? errors[0])?.message ?? 'unknown';
  const period = connectRetryPeriod(error);
  if (period === 0) return `the database refuses the login or has no such database (${message}): check DATABASE_URL`;
  if (period === NAMED_WITHIN) return 'the host in DATABASE_URL is not known: check its name';
  return `the database did not answer within ${STARTS_WITHIN / 1_000} s (${message})`;
}

interface Described {
  code: string;
  message: string;
}

/** An error, its causes, and the errors of a connect to several addresses. */
function withCauses(error: unknown, depth = 0): Described[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const inner = 'errors' in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [{ code, message: error.message }, ...[...inner, error.cause].flatMap((one) => withCauses(one, depth + 1))];
}
