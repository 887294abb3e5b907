import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { Backend } from '../support/backend.js';
import {
  detailsOf,
  expectRefusedCallers,
  NO_PROJECT,
  pathsOf,
  ProjectsCustomer,
  refusalOf,
} from '../support/projects-customer.js';
import { session } from '../support/service.js';

interface Project {
  id: string;
  name: string;
  externalRef: string | null;
  isDefault: boolean;
  createdAt: string;
}

let customer: ProjectsCustomer;
let backend: Backend;
let foreign: string;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  backend = customer.backend;
  const other = await Backend.ofNewCustomer(session());
  foreign = ((await other.post('/v1/projects', { name: 'of another customer' })).body as Project).id;
});
afterAll(() => customer.close());

const read = async (id: string): Promise<Project> => (await backend.get(`/v1/projects/${id}`)).body as Project;
const list = async (query = ''): Promise<{ items: Project[]; nextCursor: string | null }> =>
  (await backend.get(`/v1/projects${query}`)).body as { items: Project[]; nextCursor: string | null };

/** The answers of an endpoint with a project in its path. */
function itChecksTheProject(method: string, scope: string, body?: object): void {
  const send = (id: string) =>
    backend.request(method, `/v1/projects/${id}`, {
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, [method, `/v1/projects/${NO_PROJECT}`], scope);
  });

  it.each(['prj_7', 'acc_01h455vb4pex5vsknk084sn02q', '01890a5d'])('answers 400 to the id %s', async (id) => {
    const malformed = await send(id);
    expect(refusalOf(malformed)).toEqual([400, 'VALIDATION']);
    expect(pathsOf(malformed)).toEqual(['projectId']);
  });

  it('answers 404 for an unknown project and for one of another customer', async () => {
    for (const id of [NO_PROJECT, foreign, TypeID.fromString(foreign).toUUID()])
      expect(refusalOf(await send(id))).toEqual([404, 'NOT_FOUND']);
  });
}

describe('POST /v1/projects', () => {
  it('answers 201 with the project, as it is read afterwards', async () => {
    const made = await backend.post('/v1/projects', { name: ' Spring ', externalRef: 'campaign-7' });
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^prj_[0-9a-z]{26}$/),
        name: 'Spring',
        externalRef: 'campaign-7',
        isDefault: false,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    ]);
    expect(await read((made.body as Project).id)).toEqual(made.body);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['POST', '/v1/projects'], 'projects:write');
  });

  it('answers 422 with every wrong field at once', async () => {
    const refused = await backend.post('/v1/projects', { name: '', externalRef: 7, colour: 'red' });
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(refused)).toEqual(['colour', 'externalRef', 'name']);
  });

  it('answers a repeated Idempotency-Key with the stored project, and 409 where the body is another', async () => {
    const send = (name: string, key: string) =>
      backend.request('POST', '/v1/projects', {
        body: JSON.stringify({ name }),
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
      });
    const first = await send('once', 'one-project');
    const again = await send('once', 'one-project');
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(refusalOf(await send('twice', 'one-project'))).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
  });

  it('answers 413 to a large body and 415 to another type, in the same envelope', async () => {
    const large = await backend.post('/v1/projects', { name: 'x'.repeat(103_000) });
    expect(refusalOf(large)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const headers = { 'content-type': 'text/plain' };
    const typed = await backend.request('POST', '/v1/projects', { body: 'name=x', headers });
    expect(refusalOf(typed)).toEqual([415, 'VALIDATION']);
  });
});

describe('GET /v1/projects', () => {
  it('answers 200 with the projects of this customer alone, newest first, in pages', async () => {
    const [first, second] = [await customer.project('first'), await customer.project('second')];
    const page = await list('?limit=1');
    expect(page.items.map(({ id }) => id)).toEqual([second]);
    const next = await list(`?limit=1&cursor=${page.nextCursor}`);
    expect(next.items.map(({ id }) => id)).toEqual([first]);
    const all = await list('?limit=200');
    expect(all.nextCursor).toBeNull();
    expect(all.items.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(all.items.map(({ id }) => id)).not.toContain(foreign);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['GET', '/v1/projects'], 'projects:read');
  });

  it('answers 422 to a wrong limit, an unknown filter and the cursor of another list', async () => {
    const wrong = await backend.get('/v1/projects?limit=201&name=x');
    expect(refusalOf(wrong)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(wrong)).toEqual(['limit', 'name']);
    const { nextCursor } = await list('?limit=1');
    const other = await Backend.ofNewCustomer(session());
    for (const cursor of ['damaged', `${nextCursor}x`])
      expect(refusalOf(await backend.get(`/v1/projects?cursor=${cursor}`))).toEqual([422, 'VALIDATION']);
    expect(refusalOf(await other.get(`/v1/projects?cursor=${nextCursor}`))).toEqual([422, 'VALIDATION']);
  });

  it('answers 429 with Retry-After to more calls than the key has', async () => {
    const slow = await customer.withKey({ rate_limits: { read: 1 } });
    await slow.get('/v1/projects');
    const limited = await slow.get('/v1/projects');
    expect(refusalOf(limited)).toEqual([429, 'RATE_LIMITED']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('GET /v1/projects/{projectId}', () => {
  itChecksTheProject('GET', 'projects:read');

  it('answers 200 with the project, also by its bare UUID', async () => {
    const id = await customer.project('by UUID');
    const { status, body } = await backend.get(`/v1/projects/${TypeID.fromString(id).toUUID()}`);
    expect([status, body]).toEqual([200, await read(id)]);
  });
});

describe('PATCH /v1/projects/{projectId}', () => {
  itChecksTheProject('PATCH', 'projects:write', { name: 'Summer' });

  it('answers 200 with the project, changes what is named, and null removes externalRef', async () => {
    const made = await backend.post('/v1/projects', { name: 'Spring', externalRef: 'campaign-7' });
    const path = `/v1/projects/${(made.body as Project).id}`;
    const renamed = await backend.patch(path, { name: 'Summer' });
    expect([renamed.status, renamed.body]).toEqual([200, { ...(made.body as Project), name: 'Summer' }]);
    expect((await backend.patch(path, { externalRef: null })).body).toMatchObject({
      name: 'Summer',
      externalRef: null,
    });
  });

  it('answers 422 to a wrong field, and changes nothing', async () => {
    const id = await customer.project('stays');
    const refused = await backend.patch(`/v1/projects/${id}`, { name: null, isDefault: true });
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(refused)).toEqual(['isDefault', 'name']);
    expect((await read(id)).name).toBe('stays');
  });
});

describe('DELETE /v1/projects/{projectId}', () => {
  itChecksTheProject('DELETE', 'projects:write');

  it('answers 204, and the project is no longer there', async () => {
    const id = await customer.project();
    expect(await backend.delete(`/v1/projects/${id}`)).toMatchObject({ status: 204, body: '' });
    expect(refusalOf(await backend.delete(`/v1/projects/${id}`))).toEqual([404, 'NOT_FOUND']);
    expect(refusalOf(await backend.get(`/v1/projects/${id}`))).toEqual([404, 'NOT_FOUND']);
  });

  it('answers 409 for the default project and for one in which an account is connected', async () => {
    const { items } = await list('?limit=200');
    const { id } = items.find(({ isDefault }) => isDefault)!;
    expect(refusalOf(await backend.delete(`/v1/projects/${id}`))).toEqual([409, 'CONFLICT']);
    const { project } = await customer.connect();
    expect(refusalOf(await backend.delete(`/v1/projects/${project}`))).toEqual([409, 'CONFLICT']);
    expect((await read(project)).id).toBe(project);
  });
});

describe('an unknown path of the projects surface', () => {
  it.each([
    ['GET', '/v1/projects/x/y', 404],
    ['GET', '/v1/social', 404],
    ['GET', '/v1/social-accounts', 404],
    ['PUT', '/v1/projects', 405],
  ])('%s %s is %i in its envelope', async (method, path, status) => {
    const answer = await backend.request(method, path);
    expect(refusalOf(answer)).toEqual([status, 'NOT_FOUND']);
    expect(detailsOf(answer)).toEqual({});
  });
});
