import { describe, expect, it } from '@jest/globals';
import { DelayingPool } from './delaying-pool.js';

describe('a pool whose server is unavailable', () => {
  it.each([
    ['connection', (pool: DelayingPool) => pool.connect()],
    ['query', (pool: DelayingPool) => pool.query('select 1')],
  ])('waits before it refuses a %s, so that a caller cannot retry in a busy loop', async (_what, call) => {
    const pool = new DelayingPool({ host: '127.0.0.1', port: 1 });
    const start = Date.now();
    await expect(call(pool)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(Date.now() - start).toBeGreaterThanOrEqual(450);
    await pool.end();
  });
});
