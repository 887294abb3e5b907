import pg from 'pg';

/** A pool of the harness's own, which outlives the database's absence: each query fails on its own. */
export function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 6,
    connectionTimeoutMillis: 20_000,
    application_name: 'faults',
  });
  pool.on('error', () => undefined);
  return pool;
}

/** Repeats the query until the database answers: for reads whose answer is needed. */
export async function retryQuery<Answer>(query: () => Promise<Answer>, seconds = 60): Promise<Answer> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    try {
      return await query();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((pass) => setTimeout(pass, 100));
    }
  }
}
