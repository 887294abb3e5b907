import type { Pool, PoolClient, QueryResultRow } from 'pg';

/** The common part of a transaction, a pool and the client of a TypeORM query runner. */
export interface Tx {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- pg's own signature: the caller names the row
  query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/**
 * Runs `work` in one transaction: it commits with its result or leaves nothing. No call to a platform belongs inside. `begin`
 * goes out together with the first statement.
 */
export async function transaction<Result>(pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return within('begin', pool, work);
}

/** Runs reads that see the database as it is at the first of them, whatever is committed meanwhile. */
export async function snapshot<Result>(pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return within('begin isolation level repeatable read read only', pool, work);
}

function within<Result>(begin: string, pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return onOne(pool, rollback, async (client) => {
    const begun = client.query(begin);
    const [result] = await Promise.all([work(client), begun]);
    await commit(client);
    return result;
  });
}

/** Sends statements that do not depend on each other's results on one connection, in order and in one round trip. */
export async function together<Result>(pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return onOne(
    pool,
    (_, error) => Promise.resolve(error instanceof Error ? error : new Error('a statement failed')),
    work,
  );
}

/** `mend` restores the connection after a failure; an error that it returns closes the connection. */
async function onOne<Result>(
  pool: Pool,
  mend: (client: PoolClient, error: unknown) => Promise<Error | undefined>,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const noteBroken = (error: Error): void => {
    broken = error;
  };
  client.on('error', noteBroken);
  try {
    return await work(client);
  } catch (error) {
    broken ??= await mend(client, error);
    throw error;
  } finally {
    client.off('error', noteBroken);
    client.release(broken);
  }
}

/** PostgreSQL answers `commit` with a rollback and no error when a statement failed before, though its error was caught. */
async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT')
    throw new Error('the transaction was rolled back: a statement in it failed and its error was swallowed');
}

/** A connection that cannot roll back is closed, not given to the next caller. */
async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed');
  }
}
