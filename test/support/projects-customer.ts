import { expect } from '@jest/globals';
import { Backend, newCustomer, type Reply, reply } from './backend.js';
import type { ServiceSession } from './service.js';

const RETURN_HOST = 'app.example.com';
export const RETURN_URL = `https://${RETURN_HOST}/connected?order=7`;
/** Well-formed ids of nothing. */
export const NO_PROJECT = 'prj_01h455vb4pex5vsknk084sn02v';
export const NO_ACCOUNT = 'sa_01h455vb4pex5vsknk084sn02q';

export interface StartedOAuth {
  authorizeUrl: string;
  state: string;
  expiresAt: string;
}

export interface ConnectedAccount {
  project: string;
  account: string;
  state: string;
  /** Where the browser is sent at the end. */
  landing: string;
}

/** A customer of the projects surface: its key has a return host, and its workspace an app at X. */
export class ProjectsCustomer {
  private constructor(
    readonly service: ServiceSession,
    readonly workspace: string,
    readonly backend: Backend,
  ) {}

  static async open(service: ServiceSession): Promise<ProjectsCustomer> {
    const workspace = newCustomer();
    const backend = await Backend.ofCustomer(service, workspace, { return_hosts: [RETURN_HOST] });
    await backend.app('x');
    return new ProjectsCustomer(service, workspace, backend);
  }

  /** The same customer with another key. */
  withKey(overrides: object): Promise<Backend> {
    return Backend.ofCustomer(this.service, this.workspace, { return_hosts: [RETURN_HOST], ...overrides });
  }

  async project(name = 'a project'): Promise<string> {
    const made = await this.backend.post('/v1/projects', { name });
    return (made.body as { id: string }).id;
  }

  async start(project: string, body: object = {}): Promise<StartedOAuth> {
    const path = `/v1/projects/${project}/social/oauth-url`;
    const started = await this.backend.post(path, { platform: 'x', returnUrl: RETURN_URL, ...body });
    return started.body as StartedOAuth;
  }

  poll(state: string): Promise<Reply> {
    return this.backend.get(`/v1/social/oauth-status/${state}`);
  }

  /** The person decides, and the browser comes back: where it is sent then. */
  async consent(authorizeUrl: string, persona?: string, decision?: 'approve' | 'deny'): Promise<string> {
    const back = await this.backend.decide(authorizeUrl, persona, decision);
    return (await reply(back, { redirect: 'manual' })).headers.get('location') ?? '';
  }

  async connect(persona?: string, into?: string): Promise<ConnectedAccount> {
    const project = into ?? (await this.project());
    const { authorizeUrl, state } = await this.start(project);
    const landing = await this.consent(authorizeUrl, persona);
    const { socialAccountId } = (await this.poll(state)).body as { socialAccountId: string };
    return { project, account: socialAccountId, state, landing };
  }

  /** Disconnects what is left, so that the service has nothing to refresh. */
  async close(): Promise<void> {
    const { items } = (await this.backend.get('/v1/accounts?limit=100')).body as { items: { id: string }[] };
    for (const { id } of items) await this.backend.delete(`/v1/accounts/${id}`);
  }
}

/** Status and code of an error, whose other fields are checked. */
export function refusalOf({ status, headers, body }: Reply): [number, string] {
  const { error } = body as { error: { code: string } };
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(body).toEqual({
    error: {
      code: expect.stringMatching(/^[A-Z_]+$/),
      message: expect.stringMatching(/^[^\n]+\.$/),
      requestId: headers.get('x-request-id'),
      details: expect.any(Object),
    },
  });
  return [status, error.code];
}

export const detailsOf = ({ body }: Reply): object => (body as { error: { details: object } }).error.details;

/** The paths that the issues of a validation name, sorted. */
export const pathsOf = (answer: Reply): string[] =>
  (detailsOf(answer) as { issues: { path: string }[] }).issues.map(({ path }) => path).sort();

/** What every endpoint answers without a credential and without the scope. */
export async function expectRefusedCallers(
  customer: ProjectsCustomer,
  [method, path]: [string, string],
  requiredScope: string,
): Promise<void> {
  const anonymous = await new Backend(customer.service, 'dra_test_none').request(method, path);
  expect(refusalOf(anonymous)).toEqual([401, 'UNAUTHENTICATED']);
  expect(anonymous.headers.get('www-authenticate')).toBe('Bearer');
  const poor = await customer.withKey({ scopes: ['apps:read'] });
  const refused = await poor.request(method, path);
  expect([...refusalOf(refused), detailsOf(refused)]).toEqual([403, 'FORBIDDEN_SCOPE', { requiredScope }]);
}
