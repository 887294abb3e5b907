import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { lockDefaultApp } from '#persistence';
import { Flow } from '../../../../test/support/flow.js';
import { UpdateOAuthApp } from './update-oauth-app.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const WAITING = `select 1 from pg_locks where locktype = 'advisory' and not granted
  and database = (select oid from pg_database where datname = current_database())`;

it('a change of an app that is deleted meanwhile finds no app, and the default stays', async () => {
  const id = await flow.app('x');
  const deletion = await flow.pool.connect();
  await deletion.query('begin');
  await lockDefaultApp(deletion, { ...flow.tenant, provider: 'x' });
  await deletion.query('delete from oauth_apps where id = $1', [id]);
  const change = flow.get(UpdateOAuthApp).execute({ tenant: flow.tenant, id, isDefault: true });
  change.catch(() => undefined);
  while ((await flow.many(WAITING)).length === 0) await pause(10);
  await deletion.query('commit');
  deletion.release();
  await expect(change).rejects.toMatchObject({ code: 'oauth_app.not_found' });
  const defaults = `select 1 from oauth_apps where workspace_id = $1 and provider = 'x' and is_default`;
  expect(await flow.many(defaults, [flow.tenant.workspaceId])).toHaveLength(1);
});
