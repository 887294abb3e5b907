import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { turnClock } from '../../../../test/support/database.js';

let api: TestApi;
let pool: pg.Pool;
let credential: string;

const SECRET = 'a-client-secret-to-be-found';
const APP = { provider: 'x', name: 'X', client_id: 'abc', client_secret: SECRET };

beforeAll(async () => {
  api = await openTestApi();
  pool = new pg.Pool({ connectionString: api.database.url });
  credential = await api.key();
});

beforeEach(async () => {
  await pool.query('truncate idempotency_keys');
  await pool.query('delete from oauth_apps');
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

interface RequestOptions {
  key?: string;
  path?: string;
  as?: string;
  headers?: Record<string, string>;
}

interface Answer {
  status: number;
  /** Of its body, `request_id` left out: that is another one each time. */
  body: Record<string, unknown>;
  replayed: string | null;
  retryAfter: string | null;
}

async function create(
  body: object = APP,
  { key = 'a-key', path = '/v1/oauth-apps', as = credential, headers }: RequestOptions = {},
): Promise<Answer> {
  const response = await api.call(path, {
    as,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }), ...headers },
    body: JSON.stringify(body),
  });
  const given = (await response.json()) as Record<string, unknown>;
  delete given.request_id;
  const header = (name: string): string | null => response.headers.get(name);
  return {
    status: response.status,
    body: given,
    replayed: header('idempotency-replayed'),
    retryAfter: header('retry-after'),
  };
}

const apps = async (): Promise<number> => Number((await pool.query('select count(*) from oauth_apps')).rows[0].count);
const refused = (code: string): object => ({ status: 409, body: { code }, replayed: null });

/** Holds the lock that the creation of an app needs until `work` ends. */
async function whileAppsWait<Result>(work: () => Promise<Result>): Promise<Result> {
  const { rows } = await pool.query(`select id from workspaces where name = 'default'`);
  const client = await pool.connect();
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${rows[0].id}/test/x/default`]);
  try {
    return await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function waitForHolds(count: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select count(*)::int as waiting from pg_locks where locktype = 'advisory' and not granted`,
    );
    if (rows[0].waiting === count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('what is stored of a body', () => {
  const stored = async (): Promise<Buffer> =>
    (await pool.query<{ hash: Buffer }>('select body_hash as hash from idempotency_keys')).rows[0]!.hash;
  const plain = createHash('sha256').update(JSON.stringify(APP)).digest();

  it('is a digest that the database alone cannot compute', async () => {
    expect((await create()).status).toBe(201);
    expect(await stored()).toHaveLength(32);
    expect(await stored()).not.toEqual(plain);
  });

  it('may be the plain digest of the version before: its answer is given again, and another body is refused', async () => {
    const { body } = await create();
    await pool.query('update idempotency_keys set body_hash = $1', [plain]);
    expect(await create()).toMatchObject({ status: 201, replayed: 'true', body });
    expect((await create({ ...APP, name: 'another' })).body).toMatchObject({ code: 'idempotency.key_reused' });
  });

  it('may be the plain digest of a request of the previous release whose request was interrupted: the request is executed again', async () => {
    await create();
    await pool.query('delete from oauth_apps');
    await pool.query(
      `update idempotency_keys set body_hash = $1, state = 'running', status = null, answer = null, created_at = db_now() - interval '2 minutes'`,
      [plain],
    );
    expect(await create()).toMatchObject({ status: 201, replayed: null });
    expect(await stored()).not.toEqual(plain);
  });
});

describe('a request with an Idempotency-Key', () => {
  it('is carried out once, and answered alike whenever it is repeated', async () => {
    const before = await apps();
    const first = await create();
    expect(first).toMatchObject({ status: 201, replayed: null });
    expect(await create()).toEqual({ ...first, replayed: 'true' });
    expect(await create()).toEqual({ ...first, replayed: 'true' });
    expect(await apps()).toBe(before + 1);
  });

  it('is refused with another body', async () => {
    await create();
    expect(await create({ ...APP, name: 'Y' })).toMatchObject(refused('idempotency.key_reused'));
  });

  it('runs separately for another credential, path, environment or key', async () => {
    await create();
    const carriedOut = { status: 409, body: { code: 'oauth_app.exists' }, replayed: null };
    expect(await create(APP, { as: await api.key() })).toMatchObject(carriedOut);
    expect(await create({ name: 'CI' }, { path: '/v1/api-keys' })).toMatchObject({ status: 201, replayed: null });
    expect(await create(APP, { key: 'another-key' })).toMatchObject(carriedOut);
    const as = await api.token();
    const live = await create(APP, { as, headers: { 'x-environment': 'live' } });
    const test = await create(APP, { as, headers: { 'x-environment': 'test' } });
    expect([live, test]).toMatchObject([{ status: 201, replayed: null }, carriedOut]);
  });

  it('runs again after a day', async () => {
    const first = await create();
    await turnClock(pool, '23 hours 59 minutes');
    expect((await create()).replayed).toBe('true');
    await turnClock(pool, '24 hours');
    const next = await create({ ...APP, name: 'Y', client_id: 'def' });
    await turnClock(pool, '0');
    expect([next.status, next.replayed, next.body.id === first.body.id]).toEqual([201, null, false]);
  });

  it.each(['', 'a b', 'ü', 'a'.repeat(256)])('is refused for a malformed one: %j', async (key) => {
    const before = await apps();
    const answer = await create(APP, { key: '', headers: { 'idempotency-key': encodeLatin(key) } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'Idempotency-Key' }] } });
    expect(await apps()).toBe(before);
  });

  it('accepts a key of 255 characters, and runs each request without a key', async () => {
    expect((await create(APP, { key: '!'.repeat(255) })).status).toBe(201);
    const [one, two] = [
      await create({ ...APP, client_id: 'def' }, { key: '' }),
      await create({ ...APP, client_id: 'ghi' }, { key: '' }),
    ];
    expect([one.status, two.status, one.body.id === two.body.id]).toEqual([201, 201, false]);
  });
});

describe('the answer that is kept', () => {
  it('may be a refusal: the same mistake gets the same answer', async () => {
    const wrong = { ...APP, name: '' };
    const first = await create(wrong);
    expect(first).toMatchObject({
      status: 400,
      body: { code: 'validation.failed', errors: [{ field: 'name' }] },
      replayed: null,
    });
    expect(await create(wrong)).toEqual({ ...first, replayed: 'true' });
    expect(await create()).toMatchObject(refused('idempotency.key_reused'));
  });

  it('excludes failures of the service', async () => {
    await pool.query(`alter table oauth_apps add constraint no_boom check (name <> 'boom')`);
    expect((await create({ ...APP, name: 'boom' })).status).toBe(500);
    await pool.query('alter table oauth_apps drop constraint no_boom');
    expect(await create({ ...APP, name: 'boom' })).toMatchObject({ status: 201, replayed: null });
  });

  it('never holds a secret, and neither does what is kept of the body', async () => {
    const before = Number((await pool.query('select count(*) from api_keys')).rows[0].count);
    const made = await create({ name: 'CI' }, { path: '/v1/api-keys' });
    expect(await create({ name: 'CI' }, { path: '/v1/api-keys' })).toMatchObject(
      refused('idempotency.secret_shown_once'),
    );
    expect(Number((await pool.query('select count(*) from api_keys')).rows[0].count)).toBe(before + 1);
    await create(APP);
    const { rows } = await pool.query('select to_jsonb(idempotency_keys)::text as row from idempotency_keys');
    const kept = rows.map(({ row }) => String(row)).join('\n');
    expect(rows).toHaveLength(2);
    expect(kept).not.toContain(String(made.body.key).slice(13));
    expect(kept).not.toContain(SECRET);
  });

  it('includes the refusal of a new API key, which shows no secret', async () => {
    const first = await create({ name: '' }, { path: '/v1/api-keys' });
    expect(await create({ name: '' }, { path: '/v1/api-keys' })).toEqual({ ...first, replayed: 'true' });
    expect(first.status).toBe(400);
  });
});

describe('a request that is still running', () => {
  it('does not run a second time; a repetition gets Retry-After: 1', async () => {
    const before = await apps();
    const first = await whileAppsWait(async () => {
      const running = create();
      await waitForHolds(1);
      expect(await create()).toMatchObject({ ...refused('idempotency.running'), retryAfter: '1' });
      expect(await create({ ...APP, name: 'Y' })).toMatchObject(refused('idempotency.key_reused'));
      return { running };
    });
    const answer = await first.running;
    expect(answer.status).toBe(201);
    expect(await create()).toEqual({ ...answer, replayed: 'true' });
    expect(await apps()).toBe(before + 1);
  });

  it('runs again after a minute, because its process has stopped', async () => {
    await create();
    await pool.query(
      `update idempotency_keys set state = 'running', answer = null, created_at = db_now() - interval '59 seconds'`,
    );
    expect(await create()).toMatchObject(refused('idempotency.running'));
    await pool.query(`update idempotency_keys set created_at = db_now() - interval '61 seconds'`);
    expect(await create({ ...APP, name: 'Y' })).toMatchObject(refused('idempotency.key_reused'));
    // An app is stored together with its answer: a request that stopped before its answer left no app.
    await pool.query('delete from oauth_apps');
    expect(await create()).toMatchObject({ status: 201, replayed: null });
  });

  it('rolls back when it was slow and another request has taken over', async () => {
    const before = await apps();
    const both = await whileAppsWait(async () => {
      const slow = create();
      await waitForHolds(1);
      await pool.query(`update idempotency_keys set created_at = db_now() - interval '61 seconds'`);
      const next = create();
      await waitForHolds(2);
      return { slow, next };
    });
    expect(await both.slow).toMatchObject(refused('idempotency.running'));
    const next = await both.next;
    expect(next).toMatchObject({ status: 201, replayed: null });
    expect(await create()).toEqual({ ...next, replayed: 'true' });
    expect(await apps()).toBe(before + 1);
  });
});

/** fetch takes header values of Latin-1 only. */
const encodeLatin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
