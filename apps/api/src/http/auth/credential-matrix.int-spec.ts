import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { DASHBOARD_SCOPES } from '#accounts';
import { ConnectedApi } from '../../../../../test/support/connected-api.js';
import { SigningKey } from '../../../../../test/support/jwks-server.js';
import {
  everyRow,
  IN_TEST,
  openTenant,
  namesRow,
  operatorToken,
  pathOf,
  RouteInputs,
  rowOfField,
  scopesWithout,
  type Tenant,
} from '../../../../../test/support/tenant-world.js';
import { routesOf } from '../hooks.js';
import { type DeclaredRoute, RouteAccess } from './route-access.js';

let service: ConnectedApi;
let inputs: RouteInputs;
let routes: DeclaredRoute[];
let guarded: DeclaredRoute[];
/** The tenant whose rows are in every path, and another one. */
let owner: Tenant;
let other: Tenant;
let operator: string;

beforeAll(async () => {
  service = await ConnectedApi.open();
  inputs = await RouteInputs.read(service);
  routes = service.api.app.get(RouteAccess, { strict: false }).routes();
  guarded = routes.filter(({ isPublic }) => !isPublic);
  owner = await openTenant(service, 'owner');
  other = await openTenant(service, 'other');
  operator = await operatorToken(service.api);
});

afterAll(() => service.close());

interface Credential {
  as?: string;
  headers?: Record<string, string>;
}

interface Call extends Credential {
  path?: string;
  /** Appended to the path. */
  query?: string;
  body?: object;
}

/** The example of the document, with the rows of a tenant in the fields that name one. */
function exampleOf(route: DeclaredRoute, { rows }: Tenant): object | undefined {
  const example = inputs.bodyExample(route);
  if (!example) return undefined;
  return Object.fromEntries(
    Object.entries(example).map(([field, value]) => [field, rowOfField(route, field, rows) ?? (value as unknown)]),
  );
}

/** Sends what the document gives as an example, at the rows of `owner` unless the call has another path. */
async function send(
  route: DeclaredRoute,
  { as, headers, path, query = '', body }: Call,
): Promise<{ status: number; text: string }> {
  const json = body ?? exampleOf(route, owner);
  const response = await service.api.call(`${path ?? pathOf(route, owner.rows)}${query}`, {
    method: route.method,
    ...(as !== undefined && { as }),
    headers: { ...headers, ...(json && { 'content-type': 'application/json' }) },
    ...(json && { body: JSON.stringify(json) }),
  });
  return { status: response.status, text: await response.text() };
}

/** A sentence for each of the routes whose answer is another one than expected, or which changes a row. */
async function surprises(
  some: DeclaredRoute[],
  credentialOf: (route: DeclaredRoute) => Call | Promise<Call>,
  expected: (answer: { status: number; text: string }, route: DeclaredRoute) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  const calls = await Promise.all(some.map(async (route) => [route, await credentialOf(route)] as const));
  const before = await everyRow(service);
  for (const [route, call] of calls) {
    const answer = await send(route, call);
    if (!expected(answer, route)) found.push(`${route.name} answers ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  const after = await everyRow(service);
  const gone = [...before].filter((row) => !after.has(row));
  const added = [...after].filter((row) => !before.has(row));
  return [...found, ...gone.map((row) => `changed or gone: ${row}`), ...added.map((row) => `changed or added: ${row}`)];
}

/** The code of a problem; the projects surface has one code for several. */
function problem(text: string): string | undefined {
  const { code, error } = JSON.parse(text) as { code?: string; error?: { code: string; message: string } };
  if (error?.message.startsWith('X-Environment is')) return 'environment.contradiction';
  const same: Record<string, string> = { UNAUTHENTICATED: 'credential.invalid', FORBIDDEN_SCOPE: 'scope.missing' };
  return code ?? same[error?.code ?? ''];
}

describe('the routes of the running API', () => {
  it('has no routes but those that declare their callers, and the pages of the documentation', () => {
    const declared = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    const undeclared = [...routesOf(service.api.app.getHttpAdapter().getInstance())].flatMap(([path, methods]) =>
      [...methods]
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method} ${path}`)
        .filter((name) => !declared.has(name)),
    );
    expect(undeclared.filter((name) => !/^GET (\/docs\b|\/v1\/openapi\.json$)/.test(name))).toEqual([]);
    expect(guarded.length).toBeGreaterThan(20);
  });

  it('get a sentence where the matrix has no row for a place of their path, or for a field', () => {
    const route = {
      name: 'GET /v1/things/:id',
      method: 'GET',
      path: '/v1/things/:id',
      isPublic: false,
      isForOperators: false,
      scopes: [],
    };
    expect(() => pathOf(route, owner.rows)).toThrow('GET /v1/things/:id has no row for /v1/things/:id: add a line');
    expect(() => rowOfField(route, 'thing_id', owner.rows)).toThrow('has no row for the field thing_id: add a line');
  });

  it('needs no credential on these routes only', () => {
    expect(
      routes
        .filter(({ isPublic }) => isPublic)
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual([
      'GET /',
      'GET /connected',
      'GET /data-deletion/:code',
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
      'GET /reauth/:token',
      'GET /v1/callbacks/:family/:oauthAppId',
      'GET /v1/oauth/:provider/callback',
      'GET /v1/oauth/:provider/callback/:oauthAppId',
      'POST /reauth/:token',
      'POST /v1/callbacks/:family',
      'POST /v1/callbacks/:family/:oauthAppId',
      'POST /v1/callbacks/:family/:oauthAppId/:topic',
    ]);
  });
});

describe('every route that is not public', () => {
  const unsigned = (header: object, claims: object): string =>
    [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const valid = (): object => ({
    ...{ sub: 'owner', iss: 'evergrant', aud: 'evergrant' },
    exp: Math.floor(Date.now() / 1_000) + 300,
  });
  const wrongKinds: [string, () => Omit<Call, 'path' | 'body'> | Promise<Credential>][] = [
    ['no credential', () => ({})],
    ['a key as Basic', () => ({ headers: { authorization: `Basic ${owner.keys.test}` } })],
    ['a key in a cookie', () => ({ headers: { cookie: `authorization=Bearer ${owner.keys.test}` } })],
    ['a mistyped key', () => ({ as: `${owner.keys.test.slice(0, -1)}_` })],
    ['the id of a key', () => ({ as: owner.rows.key })],
    ['the state of an attempt', () => ({ as: owner.rows.state })],
    ['an expired token', async () => ({ as: await service.api.token({ expires: '-1m' }), headers: IN_TEST })],
    [
      'a token of another issuer',
      async () => ({ as: await service.api.token({ issuer: 'another' }), headers: IN_TEST }),
    ],
    [
      'a token for another audience',
      async () => ({ as: await service.api.token({ audience: 'another' }), headers: IN_TEST }),
    ],
    ['a token without an end', async () => ({ as: await service.api.token({ expires: null }), headers: IN_TEST })],
    [
      'a token without a signature',
      () => ({ as: `${unsigned({ alg: 'none', kid: 'k1' }, valid())}.`, headers: IN_TEST }),
    ],
    [
      'a token that has the public key for a shared secret',
      () => {
        const input = unsigned({ alg: 'HS256', kid: 'k1' }, valid());
        const signature = createHmac('sha256', service.api.publicPem).update(input).digest('base64url');
        return { as: `${input}.${signature}`, headers: IN_TEST };
      },
    ],
    [
      'a token of another key with the id of the right one',
      async () => {
        const forger = await SigningKey.make('k1', 'ES256');
        return { as: await forger.sign({ issuer: 'evergrant', claims: { sub: 'owner' } }), headers: IN_TEST };
      },
    ],
    ['a key in the query', () => ({ query: `?access_token=${owner.keys.test}&api_key=${owner.keys.test}` })],
    ['a revoked key', async () => ({ as: await endedKey('revoked_at = db_now()') })],
    ['an expired key', async () => ({ as: await endedKey('expires_at = db_now()') })],
  ];

  /** A key of the owner with every scope, which has ended. */
  async function endedKey(change: string): Promise<string> {
    const key = await service.api.key({ workspace: 'owner', name: change });
    await service.pool.query(`update api_keys set ${change} where name = $1`, [change]);
    return key;
  }

  it.each(wrongKinds)('answers 401 to %s, and changes nothing', async (_what, credential) => {
    const used = await credential();
    expect(
      await surprises(
        guarded,
        () => used,
        ({ status, text }) => status === 401 && problem(text) === 'credential.invalid',
      ),
    ).toEqual([]);
  });

  it('answers 400 to a key of one environment that requests the other one, and changes nothing', async () => {
    expect(
      await surprises(
        guarded,
        () => ({ as: owner.keys.live, headers: IN_TEST }),
        ({ status, text }) => status === 400 && problem(text) === 'environment.contradiction',
      ),
    ).toEqual([]);
  });

  it('answers 403 to a key with every scope but its own, and changes nothing', async () => {
    expect(
      await surprises(
        guarded,
        async ({ scopes = [] }) => ({
          as: await service.api.key({ workspace: 'owner', scopes: scopesWithout(scopes) }),
        }),
        ({ status, text }) => status === 403 && problem(text) === 'scope.missing',
      ),
    ).toEqual([]);
  });

  it('answers 403 to a dashboard token where no dashboard token may have the scope, and changes nothing', async () => {
    const closed = guarded.filter(({ scopes = [] }) => !scopes.some((scope) => DASHBOARD_SCOPES.includes(scope)));
    expect(
      await surprises(
        closed,
        () => ({ as: owner.token, headers: IN_TEST }),
        ({ status }) => status === 403,
      ),
    ).toEqual([]);
  });
});

describe('every route that names a row of a tenant', () => {
  const strangers: [string, () => Credential][] = [
    ['a key of another tenant', () => ({ as: other.keys.test })],
    ['a dashboard token of another tenant', () => ({ as: other.token, headers: IN_TEST })],
    ['a key of the other environment', () => ({ as: owner.keys.live })],
    ['the dashboard token of the tenant in the other environment', () => ({ as: owner.token })],
  ];

  it.each(strangers)('answers 404 to %s, and changes nothing', async (_who, credential) => {
    const used = credential();
    const isToken = used.as === other.token || used.as === owner.token;
    const allowed = guarded.filter(
      ({ scopes = [] }) => !isToken || scopes.some((scope) => DASHBOARD_SCOPES.includes(scope)),
    );
    expect(
      await surprises(
        allowed.filter((route) => namesRow(route) && !route.isForOperators),
        () => used,
        ({ status }) => status === 404,
      ),
    ).toEqual([]);
  });

  it.each(strangers)('lists and answers nothing of the tenant to %s', async (_who, credential) => {
    const used = credential();
    const reads = guarded.filter(
      (route) => route.method === 'GET' && !namesRow(route) && !route.path.endsWith('/start') && !route.isForOperators,
    );
    const secrets: string[] = Object.values(owner.rows);
    expect(reads.length).toBeGreaterThan(2);
    expect(
      await surprises(
        reads,
        () => used,
        ({ status, text }) => status === 200 && !secrets.some((id) => text.includes(id)),
      ),
    ).toEqual([]);
  });
});

describe('every field that names a row', () => {
  /** Each route and field, with a call of `other` at its own rows that names the row of `owner` in that field. */
  function foreignFields(credential: Credential, own: Tenant): [DeclaredRoute, Call][] {
    return guarded.flatMap((route) => {
      const path = pathOf(route, own.rows);
      const idOf = (field: string): string | undefined => rowOfField(route, field, owner.rows);
      const inQuery = inputs.queryFields(route).flatMap((field): Call[] => {
        const id = idOf(field);
        return id === undefined ? [] : [{ ...credential, path: `${path}?${field}=${id}` }];
      });
      const inBody = inputs.bodyFields(route).flatMap((field): Call[] => {
        const id = idOf(field);
        return id === undefined ? [] : [{ ...credential, path, body: { ...inputs.bodyExample(route), [field]: id } }];
      });
      return [...inQuery, ...inBody].map((call): [DeclaredRoute, Call] => [route, call]);
    });
  }

  it('refuses the row of another tenant, or finds nothing by it, and changes nothing', async () => {
    const calls = foreignFields({ as: other.keys.test }, other);
    expect(calls.length).toBeGreaterThan(2);
    const found: string[] = [];
    for (const [route, call] of calls) {
      const isEmpty = (text: string): boolean => text.includes('"items":[]');
      found.push(
        ...(await surprises(
          [route],
          () => call,
          ({ status, text }) => (status >= 400 && status < 500) || (route.method === 'GET' && isEmpty(text)),
        )),
      );
    }
    expect(found).toEqual([]);
  });
});

describe('every public route', () => {
  it('changes nothing without a credential, and has no 5xx', async () => {
    expect(
      await surprises(
        routes.filter(({ isPublic }) => isPublic),
        () => ({}),
        ({ status }) => status < 500,
      ),
    ).toEqual([]);
  });
});

/** A call that the route accepts: with the dashboard token where it may have the scope, otherwise with a key. */
function ownCall(route: DeclaredRoute): Call {
  // The lease of the tenant is released by its own route.
  if (route.path.endsWith('/end-lease')) return { as: operator, headers: IN_TEST, path: pathOf(route, other.rows) };
  if (route.isForOperators) return { as: operator, headers: IN_TEST };
  // Both surfaces delete the same account, which can be done once.
  if (route.name.startsWith('DELETE /v1/social-accounts/'))
    return { as: other.keys.test, path: pathOf(route, other.rows) };
  // A dashboard token has no return_hosts.
  const hasReturnHost = inputs.bodyFields(route).includes('returnUrl');
  const isOfDashboard = route.scopes?.some((scope) => DASHBOARD_SCOPES.includes(scope)) ?? false;
  return isOfDashboard && !hasReturnHost ? { as: owner.token, headers: IN_TEST } : { as: owner.keys.test };
}

// Last, because it deletes the rows: it shows that each refusal above was about a row that exists.
describe('every route', () => {
  it('accepts the credential of the tenant with its scope', async () => {
    const order = ({ method, path }: DeclaredRoute): number =>
      method === 'DELETE' && !path.includes('/proxy/') ? 1 : 0;
    const refused: string[] = [];
    for (const route of guarded.toSorted((a, b) => order(a) - order(b))) {
      const { status, text } = await send(route, ownCall(route));
      // The platform answers some calls of the proxy with a 404, which is no problem of this service.
      const isOurs = /"request_?[iI]d"/.test(text);
      if (isOurs && ([401, 403, 404].includes(status) || status >= 500))
        refused.push(`${route.name} answers ${status}: ${text}`);
    }
    expect(refused).toEqual([]);
  });
});
