import { codeOf } from '#observability';

/** Node's words for a server that is not there, and PostgreSQL's for one that cannot serve us now (classes 08, 53, 57P). */
const CODES = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08...|53[0-3]..|57P0.)$/;

/** The driver and its pool give these errors no code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/;

/** Whether the database, and not the request, is what failed: asking again later makes sense. */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isDatabaseTrouble)) return true;
  return CODES.test(codeOf(error) ?? '') || MESSAGES.test(error.message);
}
