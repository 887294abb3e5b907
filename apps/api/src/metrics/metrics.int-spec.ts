import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { INSTRUMENTS } from '#observability';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { makeAccount, makeApp, makeGrant, makeIntent, makeTenant } from '../../../../test/support/rows.js';
import { openTcpProxy } from '../../../../test/support/tcp-proxy.js';

const TOKEN = 'a-token-of-operations';
let api: TestApi;
let pool: pg.Pool;

beforeAll(async () => {
  api = await openTestApi({ METRICS_TOKEN: TOKEN });
  pool = new pg.Pool({ connectionString: api.database.url, max: 2 });
  await fill();
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

const scrape = async (): Promise<string> => (await api.call('/metrics', { as: TOKEN })).text();
const valueOf = (text: string, name: string, labels = ''): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${labels}`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

/** One of each kind that the database counts. */
async function fill(): Promise<void> {
  const tenant = await makeTenant(pool);
  const app = await makeApp(pool, tenant);
  await pool.query(`update oauth_apps set status = 'misconfigured' where id = $1`, [app]);
  await pool.query(`insert into breakers (oauth_app_id, state) values ($1, 'open')`, [app]);
  const grant = await makeGrant(pool, tenant);
  await pool.query(
    `update grants set refresh_due_at = db_now() - interval '90 seconds', refresh_state = 'unknown', unknown_since = db_now() where id = $1`,
    [grant],
  );
  const held = await makeGrant(pool, tenant);
  await pool.query(
    `update grants set refresh_state = 'in_flight', claim_until = db_now() - interval '1 second' where id = $1`,
    [held],
  );
  const intent = await makeIntent(pool, tenant);
  await pool.query(
    `insert into token_orphans (intent_id, version, sealed_pair, dek_wrapped, kek_id) values ($1, 1, '', '', 'k1')`,
    [intent],
  );
  await pool.query(
    `insert into pending_revocations (id, workspace_id, environment, provider, client_id, created_at, ends_at)
     values (gen_random_uuid(), $1, 'test', 'acme', 'a client', db_now() - interval '90 seconds', db_now())`,
    [tenant.workspaceId],
  );
  await pool.query(`insert into broken_seals (owner_id, table_name) values ($1, 'token_orphans')`, [intent]);
  await pool.query(
    `insert into webhooks (id, workspace_id, environment, url, events, status)
     values (gen_random_uuid(), $1, 'test', 'https://receiver.example/', '{*}', 'paused')`,
    [tenant.workspaceId],
  );
  const account = await makeAccount(pool, tenant);
  await pool.query(`update accounts set health = 'needs_reauth' where id = $1`, [account]);
  for (const [sequence, age] of [
    [1, '10 minutes'],
    [2, '3 hours'],
  ] as const) {
    await pool.query(
      `insert into account_events (id, workspace_id, environment, account_id, sequence, type, data, created_at)
       values (gen_random_uuid(), $1, 'test', $2, $3, 'connection.revoked', '{"reason":"revoked_by_user"}', db_now() - $4::interval)`,
      [tenant.workspaceId, account, sequence, age],
    );
  }
}

describe('GET /metrics', () => {
  it('requires METRICS_TOKEN where it is set', async () => {
    expect((await api.call('/metrics')).status).toBe(401);
    expect((await api.call('/metrics', { as: 'a-token-of-operationS' })).status).toBe(401);
    expect((await api.call('/metrics', { as: await api.key() })).status).toBe(401);
    const answer = await api.call('/metrics', { as: TOKEN });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
  });

  it('has the numbers of the database', async () => {
    const text = await scrape();
    const reported = Object.fromEntries(
      [
        ['evergrant_database_up'],
        ['evergrant_accounts', 'provider="acme",health="needs_reauth"'],
        ['evergrant_accounts_lost_last_hour', 'provider="acme",reason="revoked_by_user"'],
        ['evergrant_grants_unknown', 'provider="acme"'],
        ['evergrant_grants_due', 'provider="acme"'],
        ['evergrant_grants_claims_overdue'],
        ['evergrant_oauth_apps', 'provider="acme",status="misconfigured"'],
        ['evergrant_breakers', 'provider="acme",state="open"'],
        ['evergrant_token_orphans', 'provider="acme"'],
        ['evergrant_broken_seals', 'table="token_orphans"'],
        ['evergrant_webhooks', 'status="paused"'],
        ['evergrant_revocations_pending', 'provider="acme"'],
      ].map(([name, labels]) => [name!, valueOf(text, name!, labels)]),
    );
    expect(reported).toEqual(Object.fromEntries(Object.keys(reported).map((name) => [name, 1])));
    for (const name of ['evergrant_grants_oldest_due_seconds', 'evergrant_revocations_oldest_seconds']) {
      const oldest = valueOf(text, name)!;
      expect(oldest >= 90 && oldest < 600).toBe(true);
    }
    expect(Math.abs(valueOf(text, 'evergrant_database_clock_ahead_seconds')!)).toBeLessThan(5);
  });

  it('has every number of the database, and none with an id in it', async () => {
    const text = await scrape();
    const missing = Object.entries(INSTRUMENTS).filter(
      ([name, { source }]) => source === 'database' && valueOf(text, name) === undefined,
    );
    expect(missing).toEqual([]);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|[a-z]+_[0-9a-hjkmnp-tv-z]{26}/);
  });

  it('counts requests under the template of their route', async () => {
    await api.call('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q', { as: await api.key() });
    await api.call('/wp-login.php');
    const text = await scrape();
    const labels =
      'process="api",http_request_method="GET",http_route="/v1/accounts/:id",http_response_status_code="404"';
    expect(valueOf(text, 'http_server_request_duration_seconds_count', labels)).toBe(1);
    expect(text).toContain('http_route="(none)",http_response_status_code="404"');
    expect(text).not.toContain('wp-login');
  });

  it('queries the database once for several scrapes', async () => {
    const before = await scrape();
    const tenant = await makeTenant(pool);
    await makeApp(pool, tenant);
    const after = await scrape();
    expect(valueOf(after, 'evergrant_oauth_apps', 'provider="acme",status="active"')).toBe(
      valueOf(before, 'evergrant_oauth_apps', 'provider="acme",status="active"'),
    );
  });
});

describe('GET /metrics while the database is unavailable', () => {
  it('reports it, and repeats no earlier number', async () => {
    let cut: (() => Promise<void>) | undefined;
    const other = await openTestApi(async (databaseUrl) => {
      const proxy = await openTcpProxy(databaseUrl);
      cut = () => proxy.cut();
      return { DATABASE_URL: proxy.url, METRICS_TOKEN: TOKEN };
    });
    await cut?.();
    const answer = await other.call('/metrics', { as: TOKEN });
    const text = await answer.text();
    expect([answer.status, valueOf(text, 'evergrant_database_up')]).toEqual([200, 0]);
    expect(valueOf(text, 'evergrant_grants_oldest_due_seconds')).toBeUndefined();
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    await other.close();
  });
});

describe('GET /metrics without a METRICS_TOKEN', () => {
  it.each([
    ['production', 404],
    ['development', 200],
  ])('answers in %s with %s', async (NODE_ENV, status) => {
    const open = await openTestApi({ NODE_ENV });
    expect((await open.call('/metrics')).status).toBe(status);
    await open.close();
  });
});
