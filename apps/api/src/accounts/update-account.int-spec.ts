import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, publicId } from '#persistence';
import { ConnectedApi } from '../../../../test/support/connected-api.js';
import type { AccountView, UpdateAccountBody } from './account.schema.js';

let connected: ConnectedApi;
let id: string;
let project: string;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  const uuid = newId();
  await connected.pool.query(
    `insert into projects (id, workspace_id, environment, name) select $1, id, 'test', 'second' from workspaces where name = 'default'`,
    [uuid],
  );
  project = publicId('prj', uuid);
});

beforeEach(async () => {
  id = await connected.connect('x', 'happy', '?user_ref=user-42');
});

afterAll(() => connected.close());

const patch = async (body: object, as = connected.key) => {
  const headers = { 'content-type': 'application/json' };
  const response = await connected.api.call(`/v1/accounts/${id}`, {
    as,
    method: 'PATCH',
    headers,
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as AccountView & { code: string } };
};
const stored = async (): Promise<AccountView> => (await connected.get<AccountView>(`/v1/accounts/${id}`)).body;

/** A value for every field. */
const CHANGES = {
  handle: () => 'another',
  metadata: () => ({ user_ref: 'user-43' }),
  project_id: () => project,
} satisfies Record<keyof UpdateAccountBody, () => unknown>;

describe('a change of an account', () => {
  it.each(Object.entries(CHANGES))('stores its %s', async (field, valueOf) => {
    const after = { ...(await stored()), [field]: valueOf() };
    expect(after).not.toEqual(await stored());
    expect(await patch({ [field]: valueOf() })).toEqual({ status: 200, body: after });
    expect(await stored()).toEqual(after);
    await connected.api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' });
  });

  it('is answered with the account, and touches what it names only', async () => {
    const before = await stored();
    expect(await patch({ handle: ' ada ' })).toEqual({ status: 200, body: { ...before, handle: 'ada' } });
    expect(await patch({})).toEqual({ status: 200, body: { ...before, handle: 'ada' } });
    expect(await stored()).toEqual({ ...before, handle: 'ada' });
  });

  it('merges metadata: other keys stay, null takes one away', async () => {
    expect((await patch({ metadata: { team: 'north', size: '3' } })).body.metadata).toEqual({
      user_ref: 'user-42',
      team: 'north',
      size: '3',
    });
    expect((await patch({ metadata: { team: 'south', size: null, never: null } })).body.metadata).toEqual({
      user_ref: 'user-42',
      team: 'south',
    });
    expect((await patch({ handle: 'ada' })).body.metadata).toEqual({ user_ref: 'user-42', team: 'south' });
  });

  it('leaves no more than fifty keys, counted after the merge', async () => {
    await patch({ metadata: { user_ref: null, team: null } });
    const keys = (first: number, count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${first + at}`, 'v']));
    expect((await patch({ metadata: keys(0, 50) })).status).toBe(200);
    expect(await patch({ metadata: { one: 'more' } })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'metadata' }] },
    });
    expect(await patch({ metadata: keys(0, 51) })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'metadata' }] },
    });
    expect((await patch({ metadata: { k0: null, one: 'more' } })).status).toBe(200);
    expect(Object.keys((await stored()).metadata)).toHaveLength(50);
  });

  it('moves it to another project of the same tenant', async () => {
    const { project_id: home } = await stored();
    expect(await patch({ project_id: project })).toMatchObject({ status: 200, body: { id, project_id: project } });
    expect(await patch({ project_id: home })).toMatchObject({ status: 200, body: { id, project_id: home } });
  });

  it('does not move it to where the same profile is connected already', async () => {
    const other = await connected.connect('x', 'happy', `?project_id=${project}`);
    const before = await stored();
    expect(other).not.toBe(id);
    expect(await patch({ project_id: project, handle: 'moved' })).toMatchObject({
      status: 409,
      body: { code: 'account.connected_there' },
    });
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['project_id', 'project.not_found', { project_id: 'prj_01h455vb4pex5vsknk084sn02q' }],
    ['project_id', 'validation.failed', { project_id: 'second' }],
    ['handle', 'validation.failed', { handle: null }],
    ['handle', 'validation.failed', { handle: '' }],
    ['metadata.a', 'validation.failed', { metadata: { a: 1 } }],
    ['metadata.a', 'validation.failed', { metadata: { a: 'v'.repeat(501) } }],
    ['health', 'validation.failed', { health: 'active' }],
  ])('is refused for its %s as %s', async (field, code, body) => {
    expect(await patch(body)).toMatchObject({ status: 400, body: { code, errors: [{ field }] } });
  });

  it('is for a credential of this tenant with accounts:write, and for an account that is connected', async () => {
    const { api } = connected;
    expect((await patch({}, await api.key({ scopes: ['accounts:read'] }))).status).toBe(403);
    expect((await patch({}, await api.key({ workspace: 'stranger' }))).status).toBe(404);
    await api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' });
    expect(await patch({ handle: 'late' })).toMatchObject({ status: 404, body: { code: 'account.not_found' } });
  });
});
