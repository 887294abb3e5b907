import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { seconds } from '#config';
import { CodedError, type Logger, type Secret } from '#observability';
import { connectRetryPeriod, explainConnectFailure, keepSpans, PreparingClient, STARTS_WITHIN } from '#persistence/sql';

export interface PoolOptions {
  url: Secret;
  /** Maximum of connections. */
  pool: number;
  /** The name of the process in pg_stat_activity. */
  name: string;
  logger: Logger;
  /** Ends the wait. */
  signal: AbortSignal;
}

const RETRY_AFTER_MS = seconds(1);

/**
 * A pool whose database answers. The start waits for an unavailable database, because the journal may hold answers for it. A refused
 * login or an unknown host needs the operator and ends the start.
 */
export async function openPool({ url, pool: max, name, logger, signal }: PoolOptions): Promise<Pool> {
  const pool = new Pool({
    Client: PreparingClient,
    connectionString: url.reveal(),
    application_name: `evergrant-${name}`,
    max,
    // Independent statements are sent without waiting for each other.
    pipeline: true,
    // Also the wait for a free connection: the callers here can wait.
    connectionTimeoutMillis: seconds(30),
    statement_timeout: seconds(30),
    // A confirmed commit has to survive the server, whatever the default of the database or the role is.
    options: '-c synchronous_commit=on',
    idle_in_transaction_session_timeout: seconds(30),
  });
  keepSpans(pool);
  pool.on('error', (error) => {
    logger.warn({ err: error }, 'database.connection_lost');
  });
  const begun = performance.now();
  for (;;) {
    const error = await failureOf(pool, logger);
    if (error === undefined) return pool;
    const period = connectRetryPeriod(error);
    if (period < STARTS_WITHIN && performance.now() - begun >= period)
      throw new CodedError('database.not_opened', explainConnectFailure(error));
    await pause(RETRY_AFTER_MS, undefined, { signal });
  }
}

/** Undefined: the database answers. */
async function failureOf(pool: Pool, logger: Logger): Promise<Error | undefined> {
  try {
    await pool.query('select 1');
    return undefined;
  } catch (error) {
    logger.warn({ err: error }, 'database.not_answered');
    return error as Error;
  }
}
