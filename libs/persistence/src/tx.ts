import type { Pool, PoolClient, QueryResultRow } from 'pg';

/** What a transaction, a pool and a TypeORM query runner's own client have in common: rooms hand it on and know no more. */
export interface Tx {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- pg's own signature: the caller names the row
  query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/**
 * Runs `work` in one transaction: it commits with its result or leaves nothing. No call to a platform belongs inside. `begin`
 * goes out together with the first statement.
 */
export async function transaction<Result>(pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return onOne(pool, rollback, async (client) => {
    const begun = client.query('begin');
    const [result] = await Promise.all([work(client), begun]);
    await commit(client);
    return result;
  });
}

/** Statements that need no answer of each other, on one connection: they go out together, in order, and cost one round trip. */
export async function together<Result>(pool: Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return onOne(
    pool,
    (_, error) => Promise.resolve(error instanceof Error ? error : new Error('a statement failed')),
    work,
  );
}

/** `mend` makes the connection ready for the next caller after a failure; what it answers with closes it. */
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
