import { expect } from '@jest/globals';
import { ConnectedApi } from './connected-api.js';
import { IN_TEST, operatorToken } from './tenant-world.js';

/** The fields that the tests read; each answer has some of them. */
export interface LeaseBody extends Record<
  'id' | 'code' | 'type' | 'state' | 'status' | 'nextCursor' | 'authorizeUrl',
  string
> {
  leasedAccountId: string;
  leasedAccountIds: string[];
  requestId: string;
  project_id: string;
  platform_account_id: string;
  items: LeaseBody[];
  events: LeaseBody[];
  error: { code: string; details: { issues: { path: string }[] } };
}

export interface LeaseAnswer {
  status: number;
  replayed: string | null;
  body: LeaseBody;
}

export interface ApiLease {
  project: string;
  requestId: string;
  pooled: string;
  account: string;
}

export const STEPS = ['credentials', 'profile', 'warmup', 'review'];

/** The status, and the code of the envelope. */
export const codeOf = ({ status, body }: LeaseAnswer): [number, string] => [status, body.error.code];

/** The API with an operator, whose app is in the workspace of the customer's key. */
export class LeaseApi {
  #profiles = 1_000;

  private constructor(
    readonly service: ConnectedApi,
    /** Of the customer. */
    readonly key: string,
    readonly operator: string,
  ) {}

  static async open(): Promise<LeaseApi> {
    const service = await ConnectedApi.open();
    return new LeaseApi(service, await service.api.key(), await operatorToken(service.api, 'default'));
  }

  close(): Promise<void> {
    return this.service.close();
  }

  async call(
    method: string,
    path: string,
    body?: object,
    { as = this.key, headers = {} }: { as?: string; headers?: Record<string, string> } = {},
  ): Promise<LeaseAnswer> {
    const response = await this.service.api.call(path, {
      ...{ method, as, ...(body && { body: JSON.stringify(body) }) },
      headers: {
        ...(as === this.operator && IN_TEST),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const text = await response.text();
    const replayed = response.headers.get('idempotency-replayed');
    return { status: response.status, replayed, body: (text ? JSON.parse(text) : {}) as LeaseBody };
  }

  operate(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<LeaseAnswer> {
    return this.call(method, `/v1/operator${path}`, body, { as: this.operator, headers });
  }

  /** Adds a profile by hand; `verify: false`, because the sandbox has no such token. Returns its id in the pool. */
  async pool(platformAccountId = String((this.#profiles += 1))): Promise<string> {
    const credentials = { accessToken: `token-of-${platformAccountId}` };
    const supplied = { platform: 'x', platformAccountId, credentials, verify: false };
    return (await this.operate('POST', '/pool', supplied)).body.leasedAccountId;
  }

  async prepare(id: string): Promise<string> {
    for (const step of STEPS) await this.operate('POST', `/pool/${id}/steps/${step}`, { state: 'done' });
    return id;
  }

  async ready(): Promise<string> {
    return this.prepare(await this.pool());
  }

  async newProject(as = this.key): Promise<string> {
    return (await this.call('POST', '/v1/projects', { name: 'a project' }, { as })).body.id;
  }

  async request(project: string, count = 1, as = this.key): Promise<string> {
    const path = `/v1/projects/${project}/leased-accounts/request`;
    return (await this.call('POST', path, { platform: 'x', count }, { as })).body.requestId;
  }

  assign(requestId: string, ...leasedAccountIds: string[]): Promise<LeaseAnswer> {
    return this.operate('POST', `/lease-requests/${requestId}/assign`, { leasedAccountIds });
  }

  async lease(as = this.key, pooled?: string): Promise<ApiLease> {
    const project = await this.newProject(as);
    const requestId = await this.request(project, 1, as);
    const id = pooled ?? (await this.ready());
    expect((await this.assign(requestId, id)).status).toBe(200);
    const listed = await this.call('GET', `/v1/projects/${project}/leased-accounts`, undefined, { as });
    return { project, requestId, pooled: id, account: listed.body.items[0]!.leasedAccountId };
  }
}
