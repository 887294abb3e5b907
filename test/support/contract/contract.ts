import fc from 'fast-check';
import { z } from 'zod';
import { type DeclaredRoute, RouteAccess } from '../../../apps/api/src/http/auth/route-access.js';
import { API_SCOPES } from '#accounts';
import { ConnectedApi } from '../connected-api.js';
import { IN_TEST, openTenant, operatorToken, pathOf, type Tenant } from '../tenant-world.js';
import {
  changedRequest,
  declaredRequest,
  exampleRequest,
  type GeneratedRequest,
  jsonIn,
  type OperationInputs,
} from './requests.js';

export interface Exploration {
  seed: number;
  /** Requests of each operation, one half as declared and one half changed. */
  runs: number;
}

interface Route extends DeclaredRoute {
  inputs: OperationInputs;
}

/** Characters of a request in a finding. */
const MAX_SHOWN_LENGTH = 2_000;

const NO_LIMITS = { read: 1_000_000, write: 1_000_000, heavy: 1_000_000 };

/** The API as its own document describes it: every operation with generated requests, whose answers must be as declared. */
export class Contract {
  /** The least status that each operation answered. */
  readonly least = new Map<string, number>();
  #tenants = 0;
  #tenant!: Tenant;
  #key = '';
  #operator = '';
  /** The path of a link with which a person connects the account again. */
  #link = '';

  private constructor(
    readonly service: ConnectedApi,
    readonly routes: Route[],
  ) {}

  static async open(): Promise<Contract> {
    const service = await ConnectedApi.open({ PUBLIC_REQUESTS_PER_MINUTE: '1000000' });
    const { body } = await service.get<{ paths: Record<string, Record<string, OperationInputs>> }>('/v1/openapi.json');
    const routes = service.api.app.get(RouteAccess, { strict: false }).routes();
    const described = routes.flatMap((route) => {
      const path = route.path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}');
      const inputs = body.paths[path]?.[route.method.toLowerCase()];
      return inputs ? [{ ...route, name: `${route.method} ${path}`, inputs }] : [];
    });
    const contract = new Contract(service, described);
    await contract.#renew();
    return contract;
  }

  close(): Promise<void> {
    return this.service.close();
  }

  /** Sends generated requests of every operation; one sentence, with the smallest request, for each operation that differs. */
  async explore({ seed, runs }: Exploration): Promise<string[]> {
    const findings: string[] = [];
    for (const route of this.routes) {
      const path = (): string => this.#pathOf(route);
      const requests = fc.oneof(declaredRequest('', route.inputs), changedRequest(path(), route.inputs));
      const property = fc.asyncProperty(requests, async (request) => {
        // A row may have been deleted since the request was generated: an unchanged path is the present one.
        await this.#check(route, request.path === '' ? { ...request, path: path() } : request);
      });
      const options = { seed, numRuns: runs, examples: [[exampleRequest('', route.inputs)]] as [GeneratedRequest][] };
      const { failed, counterexample, errorInstance } = await fc.check(property, options);
      if (failed)
        findings.push(
          `${route.name}: ${messageOf(errorInstance)}\n${JSON.stringify(counterexample).slice(0, MAX_SHOWN_LENGTH)}`,
        );
    }
    return findings;
  }

  async #check(route: Route, request: GeneratedRequest): Promise<void> {
    const response = await this.#send(route, request);
    const { status } = response;
    if (status >= 500) throw new Error(`the answer is ${status}`);
    if (status < 400 && isRefusedByDocument(route.inputs, request.body))
      throw new Error(`the answer is ${status}, and the declared schema refuses the body`);
    const own = response.headers.has('evergrant-upstream') ? 200 : status;
    this.least.set(route.name, Math.min(own, this.least.get(route.name) ?? own));
    if (status < 300 && isDestructive(route)) await this.#renew();
  }

  async #send(route: Route, { path, query, headers, body }: GeneratedRequest): Promise<Response> {
    const search = query.map((pair) => pair.map(encode).join('=')).join('&');
    const hasCredential = !route.isPublic && !('authorization' in headers);
    const response = await this.service.api.call(search ? `${path}?${search}` : path, {
      method: route.method,
      ...(hasCredential && { as: route.isForOperators ? this.#operator : this.#key }),
      headers: { ...(route.isForOperators && IN_TEST), ...headers },
      ...(body !== undefined && route.method !== 'GET' && { body }),
    });
    await response.arrayBuffer();
    return response;
  }

  #pathOf(route: DeclaredRoute): string {
    return route.path.startsWith('/reauth/') ? this.#link : pathOf(route, this.#tenant.rows);
  }

  /** Another workspace, because a request deleted or changed the rows of the present one. */
  async #renew(): Promise<void> {
    this.#tenants += 1;
    this.#operator ||= await operatorToken(this.service.api);
    const workspace = `contract-${this.#tenants}`;
    this.#tenant = await openTenant(this.service, workspace);
    this.#key = await this.service.api.key({
      workspace,
      scopes: [...API_SCOPES],
      rateLimits: NO_LIMITS,
      returnHosts: ['app.example.com'],
    });
    const { account, code } = this.#tenant.rows;
    await this.service.pool.query('update data_deletions set completed_at = now() where confirmation_code = $1', [
      code,
    ]);
    // The attempt of the key itself: another credential of the workspace may not read it.
    const { state } = await this.#answer('/v1/oauth/x/start');
    const { authorize_url } = await this.#answer(`/v1/accounts/${account}/reauth`, { expires_in: 3_600 });
    this.#link = new URL(String(authorize_url)).pathname;
    this.#tenant.rows.state = String(state);
  }

  async #answer(path: string, body?: object): Promise<Record<string, unknown>> {
    const { api } = this.service;
    const response = body ? await api.post(path, this.#key, body) : await api.call(path, { as: this.#key });
    return (await response.json()) as Record<string, unknown>;
  }
}

const isDestructive = ({ method, path }: DeclaredRoute): boolean =>
  (method === 'DELETE' && !path.includes('*')) || path.endsWith('/end-lease');

/** Lone surrogates, which no URL carries, become U+FFFD. */
const encode = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const schemas = new WeakMap<object, z.ZodType>();

/** Whether a JSON body does not match the schema of the operation. */
function isRefusedByDocument({ requestBody }: OperationInputs, body: string | undefined): boolean {
  const schema = requestBody?.content['application/json']?.schema;
  if (!schema?.properties || body === undefined || body === '') return false;
  const read = schemas.get(schema) ?? z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
  schemas.set(schema, read);
  return !read.safeParse(jsonIn(body)).success;
}
