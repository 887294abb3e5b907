import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { TypeID } from 'typeid-js';
import { Backend, type Reply, until } from '../support/backend.js';
import { session } from '../support/service.js';
import { databaseUrlOf } from '../support/service-processes.mjs';

/** Client ids and secrets of apps: what the processes of a running service send to the platform, by its ledger. */
let backend: Backend;
beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
});

interface App {
  id: string;
  status: string;
  check: { status: string; checks: { name: string; status: string }[] };
}

interface Call {
  endpoint: string;
  client_id?: string;
  grant_type?: string;
  outcome: string;
}

const PEOPLE = ['paula', 'omar', 'mei'];

const newClientId = (): string => `app-${randomBytes(6).toString('hex')}`;
const setPlatformSecret = (provider: string, client_id: string, client_secret: string): Promise<Reply> =>
  backend.control('POST', '/apps', { provider, client_id, client_secret });
const create = async (provider: string, client_id: string, client_secret: string): Promise<App> =>
  (await backend.post('/v1/oauth-apps', { provider, name: 'ours', client_id, client_secret, is_default: true }))
    .body as App;
const setSecret = async (id: string, client_secret: string): Promise<App> => {
  const headers = { 'content-type': 'application/json' };
  return (await backend.request('PATCH', `/v1/oauth-apps/${id}`, { headers, body: JSON.stringify({ client_secret }) }))
    .body as App;
};
const statusUntil = (id: string, expected: string): Promise<App> =>
  until(
    async () => (await backend.get(`/v1/oauth-apps/${id}`)).body as App,
    ({ status }) => status === expected,
  );

async function callsOf(clientId: string): Promise<Call[]> {
  const { body } = await backend.control('GET', '/calls?endpoint=all');
  return (body as Call[]).filter(({ client_id: id }) => id === clientId);
}
/** Without the first one: the check of an app at its creation, which sends a token that does not exist. */
const refreshesOf = async (clientId: string): Promise<string[]> => {
  const calls = (await callsOf(clientId)).filter(({ grant_type: type }) => type === 'refresh_token');
  return calls.slice(1).map(({ outcome }) => outcome);
};

async function query<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
  const client = new pg.Client(databaseUrlOf(backend.service.home));
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const uuidOf = (id: string): string => TypeID.fromString(id).toUUID();

const statusesOf = async (appId: string): Promise<string[]> =>
  (
    await query<{ status: string }>(
      `select payload ->> 'status' as status from outbox where type = 'oauth_app.status_changed'
         and payload ->> 'oauth_app_id' in ($1, $2) order by id`,
      [appId, uuidOf(appId)],
    )
  ).map(({ status }) => status);

/** By their rows: a later clock would make every other account of this service due as well. */
const makeOlder = (appId: string): Promise<object[]> =>
  query(`update grants set issued_at = issued_at - interval '10 minutes' where oauth_app_id = $1`, [uuidOf(appId)]);

describe('a new client secret', () => {
  it('is sent for exactly one account while it is wrong, and for all of them once the platform has accepted it', async () => {
    const clientId = newClientId();
    const app = await create('x', clientId, 'the first secret');
    const accounts = [];
    for (const person of PEOPLE) accounts.push(await backend.connect('x', person));
    await makeOlder(app.id);

    const forced = accounts.map(({ id }) => `/v1/accounts/${id}/refresh`);
    expect((await setSecret(app.id, 'a wrong secret')).status).toBe('active');
    await Promise.all(forced.map((path) => backend.post(path)));
    await statusUntil(app.id, 'misconfigured');
    const answers = await Promise.all(forced.map((path) => backend.post(path)));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(await refreshesOf(clientId)).toEqual(['wrong_client_secret']);
    const healths = await Promise.all(accounts.map(async ({ id }) => (await backend.account(id)).health));
    expect(healths).not.toContain('needs_reauth');

    await setPlatformSecret('x', clientId, 'the second secret');
    expect((await setSecret(app.id, 'the second secret')).status).toBe('misconfigured');
    await statusUntil(app.id, 'active');
    for (const { id } of accounts) await backend.accountUntil(id, ({ last_refreshed_at: at }) => at !== null);
    expect(await refreshesOf(clientId)).toEqual(['wrong_client_secret', 'ok', 'ok', 'ok']);
    expect(await statusesOf(app.id)).toEqual(['misconfigured', 'active']);
  }, 90_000);
});

describe('the check of an app', () => {
  it.each([
    ['x', 'ok'],
    ['tiktok', 'ok'],
    ['facebook', 'ok'],
    ['linkedin', 'ok'],
    ['pinterest', 'ok'],
    ['instagram', 'unknown'],
  ])(
    'the check of an app at %s finds a wrong secret at its creation, and a right one that replaces it',
    async (provider, confirmed) => {
      const clientId = newClientId();
      await setPlatformSecret(provider, clientId, 'right');
      const app = await create(provider, clientId, 'wrong');
      expect([app.status, app.check.status]).toEqual(['misconfigured', 'failed']);
      expect(await backend.post(`/v1/oauth-apps/${app.id}/check`)).toMatchObject({
        status: 200,
        body: { status: 'failed' },
      });
      expect((await callsOf(clientId)).map(({ outcome }) => outcome)).toEqual([
        'wrong_client_secret',
        'wrong_client_secret',
      ]);

      await setSecret(app.id, 'right');
      await statusUntil(app.id, 'active');
      expect((await backend.post(`/v1/oauth-apps/${app.id}/check`)).body).toMatchObject({ status: confirmed });
      expect(await statusesOf(app.id)).toEqual(['misconfigured', 'active']);
    },
  );
});
