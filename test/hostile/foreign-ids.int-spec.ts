import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { type DeclaredRoute, RouteAccess } from '../../apps/api/src/http/auth/route-access.js';
import { ConnectedApi } from '../support/connected-api.js';
import { namesRow, openTenant, pathOf, RouteInputs, type Tenant, type TenantRows } from '../support/tenant-world.js';

let service: ConnectedApi;
let inputs: RouteInputs;
let routes: DeclaredRoute[];
let owner: Tenant;
let other: Tenant;
const spy = jest.spyOn(pg.Client.prototype, 'query');

/** Rows that exist nowhere. A state is left out: one that this service did not sign is refused before any statement. */
const NOWHERE: Partial<TenantRows> = {
  account: 'acc_01h455vb4pex5vsknk084sn02q',
  app: 'oa_01h455vb4pex5vsknk084sn02q',
  key: 'key_01h455vb4pex5vsknk084sn02q',
  project: 'prj_01h455vb4pex5vsknk084sn02q',
  request: 'lreq_01h455vb4pex5vsknk084sn02q',
  leased: 'sa_01h455vb4pex5vsknk084sn02q',
};

beforeAll(async () => {
  service = await ConnectedApi.open();
  inputs = await RouteInputs.read(service);
  owner = await openTenant(service, 'owner');
  other = await openTenant(service, 'other');
  routes = service.api.app
    .get(RouteAccess, { strict: false })
    .routes()
    .filter((route) => !route.isPublic && !route.isForOperators && namesRow(route) && !route.path.includes(':state'));
});
afterAll(async () => {
  spy.mockRestore();
  await service.close();
});

/** Counts, and statements that timers of the process send. */
const BESIDE = /rate_limits|last_used_at|idempotency|process|master_key|^(begin|commit|rollback)/i;

/** Status, text and statements of a call of `other` at these rows. */
async function send(route: DeclaredRoute, rows: TenantRows): Promise<[number, string, string[]]> {
  const body = inputs.bodyExample(route);
  spy.mockClear();
  const response = await service.api.call(pathOf(route, rows), {
    method: route.method,
    as: other.keys.test,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = (await response.text()).replace(/"(request_id|requestId)":"\w+"/, '');
  const statements = spy.mock.calls.map(([query]) => textOf(query as unknown)).filter((sql) => !BESIDE.test(sql));
  return [response.status, text, statements];
}

const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : ((query as { text?: string } | undefined)?.text ?? '');

it('answers for a row of another tenant as for one that exists nowhere, with the same statements', async () => {
  expect(routes.length).toBeGreaterThan(15);
  for (const route of routes) {
    const foreign = await send(route, owner.rows);
    const unknown = await send(route, { ...owner.rows, ...NOWHERE });
    expect([route.name, ...foreign]).toEqual([route.name, ...unknown]);
    expect([route.name, foreign[0], foreign[2].length > 0]).toEqual([route.name, 404, true]);
  }
});
