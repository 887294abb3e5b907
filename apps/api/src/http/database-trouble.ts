import { isNativeError } from 'node:util/types';

/** Node's words for a server that is not there. */
const AWAY = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** PostgreSQL's classes for a server that does not serve us now: connections, logins, no such database, resources, shutdown. */
const CLASSES = /^(08|28|3D|53)...$|^57P0.$/;

/** The driver and its pool give these errors no code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/;

/** Whether the database, and not the request, is what failed: asking again later makes sense. */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return AWAY.test(code) || CLASSES.test(code) || MESSAGES.test(error.message);
}
