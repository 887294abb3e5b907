import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { newId, type Tenant } from '#persistence';
import { providerOf } from '#providers';
import { Flow } from '../../../test/support/flow.js';
import { makeTenant } from '../../../test/support/rows.js';
import { CreateAccount } from './accounts/create-account.js';
import { ApplyPlatformNotice } from './push/apply-platform-notice.js';
import { type PushApp, PushApps } from './push/push-apps.js';

/*
 * A row of another tenant that names an app or a project of the owner: no flow writes it, and no statement of the owner may
 * find it by that id alone.
 */

let flow: Flow;
let owner: Tenant;
let account: string;
let grant: { id: string; appId: string; platformUserId: string };

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

beforeEach(async () => {
  await flow.begin();
  owner = flow.tenant;
  account = await flow.connect('x');
  grant = await flow.one(
    'select id, oauth_app_id as "appId", platform_user_id as "platformUserId" from grants where workspace_id = $1',
    [owner.workspaceId],
  );
});

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(flow.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...owner, environment: 'live' })],
];

/** Copies a row, with other values in some columns. */
async function copy(table: string, id: string, values: Record<string, unknown>): Promise<string> {
  const copied = newId();
  await flow.pool.query(
    `insert into ${table} select (jsonb_populate_record(t, $2::jsonb)).* from ${table} t where id = $1`,
    [id, JSON.stringify({ ...values, id: copied })],
  );
  return copied;
}

const columnsOf = ({ workspaceId, environment }: Tenant): object => ({ workspace_id: workspaceId, environment });
const rowOf = (table: string, id: string): Promise<object> =>
  flow.one(`select to_jsonb(t) as row from ${table} t where id = $1`, [id]);

/** The app of a grant, as a call of its platform that carries the right signature finds it. */
const appOf = (id: string): PushApp => ({
  id,
  tenant: owner,
  provider: { ...providerOf('x'), push: providerOf('x').push! },
  credentials: { clientId: 'a', clientSecret: new Secret('b') },
});

describe.each(strangers)('a row of %s that names a row of the owner', (_who, stranger) => {
  it('does not end with the consent of the same person at the app of the owner', async () => {
    const foreign = await copy('grants', grant.id, { ...columnsOf(await stranger()) });
    const before = await rowOf('grants', foreign);
    await flow.get(ApplyPlatformNotice).execute({
      app: appOf(grant.appId),
      notice: { kind: 'revoked', platformUserId: grant.platformUserId, reason: 'deauthorized_by_user', at: null },
      body: Buffer.from('a notice'),
    });
    expect(await rowOf('grants', foreign)).toEqual(before);
    expect((await flow.account(account)).health).toBe('needs_reauth');
  });

  it('does not make an app of the owner the first one to try for a call of the platform', async () => {
    const [app] = await flow.many<{ clientId: string }>(
      'select client_id as "clientId" from oauth_apps where id = $1',
      [grant.appId],
    );
    const addressee = { clientId: app!.clientId, platformUserId: grant.platformUserId };
    const tenant = await stranger();
    flow.tenant = await makeTenant(flow.pool);
    const second = await flow.app('x', { clientId: app!.clientId });
    await flow.pool.query('update grants set oauth_app_id = $2 where id = $1', [grant.id, second]);
    await flow.pool.query('update connect_attempts set platform_user_id = null where oauth_app_id = $1', [grant.appId]);
    // The newer app comes first where nothing else decides.
    await flow.pool.query(`update oauth_apps set created_at = db_now() + interval '1 day' where id = $1`, [
      grant.appId,
    ]);
    await copy('grants', grant.id, { ...columnsOf(tenant), oauth_app_id: grant.appId });
    await copy('grants', grant.id, { ...columnsOf(flow.tenant), oauth_app_id: second });
    const named = await flow.get(PushApps).named(appOf(grant.appId).provider, addressee);
    expect(named.map(({ id }) => id)).toEqual([second, grant.appId]);
  });

  it('is not the account that supplied tokens of the owner replace', async () => {
    const foreign = await copy('accounts', account, { ...columnsOf(await stranger()), connection_type: 'leased' });
    const before = await rowOf('accounts', foreign);
    const { platformAccountId } = await flow.account(account);
    const created = await flow.get(CreateAccount).execute({
      tenant: owner,
      provider: 'x',
      platformAccountId,
      credentials: { accessToken: new Secret('supplied'), profileFields: {} },
      verify: false,
    });
    expect(created).toMatchObject({ account: { id: account }, isNew: false });
    await flow.pool.query(`update accounts set health = 'disconnected' where id = $1`, [account]);
    const input = { tenant: owner, provider: 'x', platformAccountId, verify: false };
    const next = await flow
      .get(CreateAccount)
      .execute({ ...input, credentials: { accessToken: new Secret('supplied again'), profileFields: {} } });
    expect(next.isNew).toBe(true);
    expect(await rowOf('accounts', foreign)).toEqual(before);
  });
});
