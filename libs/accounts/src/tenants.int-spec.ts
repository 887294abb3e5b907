import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { Cursors } from '#crypto';
import { Database, newId, type Tenant } from '#persistence';
import { Flow } from '../../../test/support/flow.js';
import { makeTenant } from '../../../test/support/rows.js';
import { AccountHealth } from './accounts/account-health.js';
import { DisconnectAccount } from './accounts/disconnect-account.js';
import { GetAccount } from './accounts/get-account.js';
import { ListAccountEvents } from './accounts/list-account-events.js';
import { ReadFeed } from './accounts/read-feed.js';
import { ListAccounts } from './accounts/list-accounts.js';
import { RefreshAccount } from './accounts/refresh-account.js';
import { UpdateAccount } from './accounts/update-account.js';
import { ListApiKeys } from './api-keys/list-api-keys.js';
import { RevokeApiKey } from './api-keys/revoke-api-key.js';
import { CallPlatform } from './calls/call-platform.js';
import { ReadToken } from './calls/read-token.js';
import type { UsableTokens } from './calls/usable-token.js';
import { AttemptTarget } from './connect/attempt-target.js';
import { ReadAttempt } from './connect/read-attempt.js';
import { ReauthLinks } from './connect/reauth-links.js';
import { StartReauth } from './connect/start-reauth.js';
import { CreateOAuthApp } from './oauth-apps/create-oauth-app.js';
import { DeleteOAuthApp } from './oauth-apps/delete-oauth-app.js';
import { GetOAuthApp, ListOAuthApps } from './oauth-apps/list-oauth-apps.js';
import { UpdateOAuthApp } from './oauth-apps/update-oauth-app.js';
import type { DueProbes } from './probe/due-probes.js';
import { ProbeNow } from './probe/probe-now.js';

let flow: Flow;
let owner: Tenant;
/** Rows of the owner. */
let account: string;
let app: string;
let project: string;
let apiKey: string;
let state: string;

beforeAll(async () => {
  flow = await Flow.open();
  await flow.begin();
  owner = flow.tenant;
  account = await flow.connect('x');
  ({ id: app } = await flow.one<{ id: string }>(
    "select id from oauth_apps where workspace_id = $1 and provider = 'x'",
    [owner.workspaceId],
  ));
  ({ id: project } = await flow.one<{ id: string }>('select id from projects where workspace_id = $1', [
    owner.workspaceId,
  ]));
  apiKey = newId();
  await flow.pool.query(
    `insert into api_keys (id, workspace_id, environment, name, key_hash, key_prefix, scopes)
     values ($1, $2, $3, 'a key', $4, 'dra_test_0000', '{accounts:read}')`,
    [apiKey, owner.workspaceId, owner.environment, Buffer.from(apiKey)],
  );
  ({ state } = await flow.start('x'));
  // As many as an environment may have, so that a count over more than one environment is noticed.
  await flow.pool.query(
    `insert into oauth_apps (id, workspace_id, environment, provider, name, client_id, scopes)
     select gen_random_uuid(), $1, $2, 'tiktok', 'one of many', 'client-' || n, '{}' from generate_series(1, 100) n`,
    [owner.workspaceId, owner.environment],
  );
});

afterAll(() => flow.close());

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(flow.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...owner, environment: 'live' })],
];

const OWNED = ['accounts', 'account_events', 'grants', 'oauth_apps', 'api_keys', 'connect_attempts', 'projects'];

/** Every row of the owner. */
async function ownedRows(): Promise<unknown[]> {
  const rows = OWNED.map((table) =>
    flow.many(`select to_jsonb(t) as row from ${table} t where workspace_id = $1 and environment = $2 order by id`, [
      owner.workspaceId,
      owner.environment,
    ]),
  );
  return Promise.all(rows);
}

const createdBy = 'a key';
const uses: [string, (tenant: Tenant) => Promise<unknown>, string][] = [
  ['GetAccount', (tenant) => flow.get(GetAccount).execute({ tenant, id: account }), 'account.not_found'],
  [
    'UpdateAccount',
    (tenant) => flow.get(UpdateAccount).execute({ tenant, id: account, handle: 'a' }),
    'account.not_found',
  ],
  ['DisconnectAccount', (tenant) => flow.get(DisconnectAccount).execute({ tenant, id: account }), 'account.not_found'],
  ['RefreshAccount', (tenant) => flow.get(RefreshAccount).execute({ tenant, id: account }), 'account.not_found'],
  ['ProbeNow', (tenant) => flow.get(ProbeNow).execute({ tenant, id: account }), 'account.not_found'],
  ['AccountHealth', (tenant) => flow.get(AccountHealth).execute({ tenant, id: account }), 'account.not_found'],
  [
    'ListAccountEvents',
    (tenant) => flow.get(ListAccountEvents).execute({ tenant, id: account, limit: 9 }),
    'account.not_found',
  ],
  ['ReadFeed', (tenant) => flow.get(ReadFeed).execute({ tenant, accountId: account, limit: 9 }), 'account.not_found'],
  [
    'ReadToken',
    (tenant) => flow.get(ReadToken).execute({ tenant, id: account, minTtl: 0, readBy: null }),
    'account.not_found',
  ],
  [
    'ReauthLinks',
    (tenant) => flow.get(ReauthLinks).create({ tenant, createdBy, id: account, expiresIn: 700 }),
    'account.not_found',
  ],
  ['StartReauth', (tenant) => flow.get(StartReauth).execute({ tenant, createdBy, id: account }), 'account.not_found'],
  ['GetOAuthApp', (tenant) => flow.get(GetOAuthApp).execute({ tenant, id: app }), 'oauth_app.not_found'],
  [
    'UpdateOAuthApp',
    (tenant) => flow.get(UpdateOAuthApp).execute({ tenant, id: app, name: 'a' }),
    'oauth_app.not_found',
  ],
  [
    'DeleteOAuthApp',
    (tenant) => flow.get(DeleteOAuthApp).execute({ tenant, id: app, force: true }),
    'oauth_app.not_found',
  ],
  ['AttemptTarget of an app', (tenant) => flow.get(AttemptTarget).app(tenant, 'x', app), 'oauth_app.not_found'],
  ['AttemptTarget of the default app', (tenant) => flow.get(AttemptTarget).app(tenant, 'x'), 'oauth_app.missing'],
  [
    'AttemptTarget of supplied tokens',
    (tenant) => flow.get(AttemptTarget).suppliedApp(tenant, 'x', app),
    'oauth_app.not_found',
  ],
  ['AttemptTarget of a project', (tenant) => flow.get(AttemptTarget).project(tenant, project), 'project.not_found'],
  ['AttemptTarget of the default project', (tenant) => flow.get(AttemptTarget).project(tenant), 'project.not_found'],
  ['RevokeApiKey', (tenant) => flow.get(RevokeApiKey).execute(tenant, apiKey), 'api_key.not_found'],
];

describe.each(strangers)('%s', (_who, stranger) => {
  it.each(uses)('is refused by %s, and changes nothing', async (_name, use, code) => {
    const before = await ownedRows();
    await expect(use(await stranger())).rejects.toMatchObject({ code });
    expect(await ownedRows()).toEqual(before);
  });

  it('finds nothing of the owner in a list', async () => {
    const tenant = await stranger();
    expect(await flow.get(ListAccounts).execute({ tenant, filters: {}, limit: 100 })).toMatchObject({
      items: [],
      total: 0,
    });
    expect(await flow.get(ListOAuthApps).execute({ tenant })).toEqual([]);
    expect(await flow.get(ListApiKeys).execute(tenant)).toEqual([]);
  });

  it('registers the same app as the owner does, as its own default, however many the owner has', async () => {
    const before = await ownedRows();
    const made = await flow.get(CreateOAuthApp).execute({
      tenant: await stranger(),
      provider: 'tiktok',
      name: 'an app',
      clientId: 'client-1',
      clientSecret: new Secret('the-secret'),
    });
    expect(made).toMatchObject({ isDefault: true });
    expect(await ownedRows()).toEqual(before);
  });
});

describe('the statement of a use case that calls another one first', () => {
  /** Lets each tenant through, so that the statement alone has to refuse. */
  const accepts = (answer: unknown): never => ({ execute: () => Promise.resolve(answer) }) as never;

  it.each(strangers)('ListAccountEvents finds no event of the owner for %s', async (_who, stranger) => {
    const listEvents = new ListAccountEvents(flow.get(Database), flow.get(Cursors), accepts(undefined));
    const list = (tenant: Tenant) => listEvents.execute({ tenant, id: account, limit: 9 });
    expect(await list(await stranger())).toEqual({ items: [], nextCursor: null });
    expect((await list(owner)).items).not.toEqual([]);
  });

  it.each(strangers)('ListAccountEvents refuses a cursor of the owner for %s', async (_who, stranger) => {
    const cursors = flow.get(Cursors);
    const listEvents = new ListAccountEvents(flow.get(Database), cursors, accepts(undefined));
    const cursor = cursors.write(['account_events', owner.workspaceId, owner.environment, account], 9);
    const list = (tenant: Tenant) => listEvents.execute({ tenant, id: account, limit: 9, cursor });
    await expect(list(await stranger())).rejects.toMatchObject({ code: 'cursor.invalid' });
    expect(await list(owner)).toMatchObject({ nextCursor: null });
  });

  it.each(strangers)('ProbeNow refuses %s', async (_who, stranger) => {
    const dueProbes = { probe: () => Promise.resolve('nothing_to_probe') } as unknown as DueProbes;
    const probeNow = new ProbeNow(flow.get(Database), dueProbes, accepts({}));
    const probe = (tenant: Tenant) => probeNow.execute({ tenant, id: account });
    await expect(probe(await stranger())).rejects.toMatchObject({ code: 'account.not_found' });
    expect(await probe(owner)).toEqual({});
  });

  it.each(strangers)('AccountHealth refuses %s', async (_who, stranger) => {
    const health = new AccountHealth(flow.get(Database), accepts({ items: [] }));
    await expect(health.execute({ tenant: await stranger(), id: account })).rejects.toMatchObject({
      code: 'account.not_found',
    });
    expect(await health.execute({ tenant: owner, id: account })).toMatchObject({ id: account, health: 'active' });
  });

  it.each(strangers)('CallPlatform refuses %s', async (_who, stranger) => {
    const opened: UsableTokens = { open: () => Promise.reject(new Error('a token was opened')) } as never;
    const callPlatform = new CallPlatform(flow.get(Database), opened, flow.context());
    const { signal } = new AbortController();
    const call = (tenant: Tenant) =>
      callPlatform.execute({ tenant, id: account, method: 'GET', target: '2/users/me', headers: {}, signal });
    await expect(call(await stranger())).rejects.toMatchObject({ code: 'account.not_found' });
    await expect(call(owner)).rejects.toThrow('a token was opened');
  });
});

describe('an attempt', () => {
  it('is found by the credential that started it, in its environment', async () => {
    const read = (tenant: Tenant, by: string) => flow.get(ReadAttempt).execute({ tenant, createdBy: by, state });
    expect(await read(owner, createdBy)).toMatchObject({ status: 'pending' });
    const otherEnvironment = { ...owner, environment: 'live' } as const;
    await expect(read(otherEnvironment, createdBy)).rejects.toMatchObject({ code: 'attempt.not_found' });
    await expect(read(owner, 'another key')).rejects.toMatchObject({ code: 'attempt.not_found' });
  });
});

describe('each use case that refuses a stranger', () => {
  it.each(uses.filter(([name]) => !/^(DisconnectAccount|DeleteOAuthApp|RevokeApiKey)$/.test(name)))(
    'accepts the owner: %s',
    async (_name, use) => {
      await expect(use(owner)).resolves.toBeDefined();
    },
  );
});
