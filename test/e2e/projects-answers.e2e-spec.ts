import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signDashboardToken } from '../support/dashboard-token.js';
import type { DeclaredAnswers } from '../support/declared-answers.js';
import { type ConnectedAccount, ProjectsCustomer } from '../support/projects-customer.js';
import { type ProjectsOperation, readProjectsOperations } from '../support/projects-operations.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/service.js';

const { apiUrl } = session();
const SCOPES = ['projects:read', 'projects:write', 'accounts:read', 'accounts:write', 'oauth:write', 'leases:write'];
const JSON_TYPE = { 'content-type': 'application/json' };

let customer: ProjectsCustomer;
let connected: ConnectedAccount;
let operations: ProjectsOperation[];
let declared: DeclaredAnswers;
/** May use every endpoint but those of operators. */
let key: string;
let operatorToken: string;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  connected = await customer.connect();
  ({ operations, declared } = await readProjectsOperations(apiUrl));
  ({ key } = await customer.withKey({ scopes: SCOPES }));
  operatorToken = await signDashboardToken(session().home, customer.workspace, ['operator']);
});
afterAll(() => customer.close());

interface Answer {
  operation: ProjectsOperation;
  status: number;
  /** The code of the envelope, or of the problem where there was no path. */
  code: string;
  headers: Headers;
}

const isForOperators = ({ path }: ProjectsOperation): boolean => path.startsWith('/v1/operator/');

/** Of the operator or of the customer, as the endpoint needs it. */
const credentialOf = (operation: ProjectsOperation): Record<string, string> =>
  isForOperators(operation)
    ? { authorization: `Bearer ${operatorToken}`, 'x-environment': 'test' }
    : { authorization: `Bearer ${key}` };

/** Sends the request, and checks status, headers and body against the document. */
async function ask(operation: ProjectsOperation, init: RequestInit = {}): Promise<Answer> {
  const { method, path, body } = operation;
  const headers = { ...credentialOf(operation), ...(body && JSON_TYPE), ...(init.headers as object) };
  return read(operation, await fetch(`${apiUrl}${path}`, { method, body, ...init, headers }));
}

async function read(operation: ProjectsOperation, response: Response): Promise<Answer> {
  await declared.check(operation.method, operation.path, response);
  const body = (await response.json()) as { code: string; error?: { code: string } };
  return { operation, status: response.status, code: body.error?.code ?? body.code, headers: response.headers };
}

/** Calls the endpoints that declare the status, in turn; expects it of each. */
async function expectOfEach(
  [status, code]: [status: number, code: string],
  answerOf: (operation: ProjectsOperation) => Promise<Answer>,
  among = operations,
): Promise<Answer[]> {
  const declaring = among.filter(({ statuses }) => statuses.includes(status));
  expect(declaring.length).toBeGreaterThan(0);
  const answers: Answer[] = [];
  for (const operation of declaring) answers.push(await answerOf(operation));
  const given = answers.map(({ operation, status: was, code: had }) => [operation.name, was, had]);
  expect(given).toEqual(declaring.map(({ name }) => [name, status, code]));
  return answers;
}

const AT_ONCE = 40;
/** Above the 1,200 reads a minute of a dashboard token, with what another process has taken in advance. */
const MAX_REQUESTS = 1_600;

/** Sends requests that are refused for a parameter until the limit of the credential for their class is reached. */
async function untilLimited(method: string, headers: Record<string, string>): Promise<void> {
  const send = async (): Promise<number> => {
    const response = await fetch(`${apiUrl}/v1/operator/pool?colour=red`, { method, headers });
    await response.arrayBuffer();
    return response.status;
  };
  for (let sent = 0; sent < MAX_REQUESTS; sent += AT_ONCE) {
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, send));
    if (statuses.includes(429)) return;
  }
  throw new Error(`${MAX_REQUESTS} requests reached no limit`);
}

/** With the ids of rows that exist. */
const withOwnIds = (operation: ProjectsOperation): ProjectsOperation => ({
  ...operation,
  path: operation.path
    .replace(/prj_\w+/, connected.project)
    .replace(/sa_\w+/, connected.account)
    .replace(/(?<=oauth-status\/).*/, connected.state),
});

/** Each statement that reads one of these tables fails meanwhile, as one that a defect has made wrong does. */
async function whileTablesFail(tables: readonly string[], work: () => Promise<unknown>): Promise<void> {
  const { backend } = customer;
  const hide = tables.map(
    (table) => `alter table ${table} rename to ${table}_kept;
      create view ${table} as select kept.* from e2e_fail() left join ${table}_kept as kept on true`,
  );
  const show = tables.map((table) => `drop view ${table}; alter table ${table}_kept rename to ${table}`);
  await backend.query(`create function e2e_fail() returns boolean language plpgsql as $$
    begin raise exception 'a defect of the test'; return true; end $$; ${hide.join('; ')}`);
  try {
    await work();
  } finally {
    await backend.query(`${show.join('; ')}; drop function e2e_fail`);
  }
}

describe('each endpoint of the projects surface', () => {
  it('answers 400 to a request with two hosts, and to an environment that contradicts the key', async () => {
    const headers = 'Host: a\r\nHost: b\r\nConnection: close\r\n';
    await expectOfEach([400, 'VALIDATION'], async (operation) =>
      read(operation, await sendRaw(apiUrl, `${operation.method} ${operation.path} HTTP/1.1\r\n${headers}\r\n`)),
    );
    const ofKeys = operations.filter((operation) => !isForOperators(operation));
    const elsewhere = { headers: { 'x-environment': 'live' } };
    await expectOfEach([400, 'VALIDATION'], (operation) => ask(operation, elsewhere), ofKeys);
  });

  it('answers 401 without a credential and 403 without its scope', async () => {
    const anonymous = await expectOfEach([401, 'UNAUTHENTICATED'], (operation) =>
      ask(operation, { headers: { authorization: '' } }),
    );
    for (const { headers } of anonymous) expect(headers.get('www-authenticate')).toBe('Bearer');
    const poor = await customer.withKey({ scopes: ['apps:read'] });
    await expectOfEach([403, 'FORBIDDEN_SCOPE'], (operation) =>
      ask(operation, { headers: { authorization: `Bearer ${poor.key}` } }),
    );
  });

  it('answers 404 to ids that do not exist', async () => {
    await expectOfEach([404, 'NOT_FOUND'], (operation) => ask(operation));
  });

  it('answers 422 to a parameter of the query that it does not have', async () => {
    await expectOfEach([422, 'VALIDATION'], (operation) => ask({ ...operation, path: `${operation.path}?colour=red` }));
  });

  it('answers 429 with Retry-After above the limit of the key', async () => {
    const slow = await customer.withKey({ rate_limits: { read: 1, write: 1 } });
    await slow.get('/v1/projects');
    await slow.post('/v1/projects', {});
    const headers = { authorization: `Bearer ${slow.key}` };
    const limited = (operation: ProjectsOperation): Promise<Answer> => ask(operation, { headers });
    const ofKeys = operations.filter((operation) => !isForOperators(operation));
    const answers = await expectOfEach([429, 'RATE_LIMITED'], limited, ofKeys);
    for (const answer of answers) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 429 with Retry-After above the limit of an operator, which is that of every dashboard token', async () => {
    const token = await signDashboardToken(session().home, `${customer.workspace}-busy`, ['operator']);
    const headers = { authorization: `Bearer ${token}`, 'x-environment': 'test' };
    for (const method of ['GET', 'POST']) await untilLimited(method, headers);
    const ofOperators = operations.filter(isForOperators);
    const limited = (operation: ProjectsOperation): Promise<Answer> => ask(operation, { headers });
    const answers = await expectOfEach([429, 'RATE_LIMITED'], limited, ofOperators);
    for (const answer of answers) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 413 to a body above 102,400 bytes and 415 to another type than JSON, where its method has a body', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(102_400) });
    await expectOfEach([413, 'PAYLOAD_TOO_LARGE'], (operation) => ask(operation, { body, headers: JSON_TYPE }));
    await expectOfEach([415, 'VALIDATION'], (operation) =>
      ask(operation, { body: 'name=x', headers: { 'content-type': 'text/plain' } }),
    );
  });

  it('answers 431 to headers above 16 KiB, which hide the path: in the form of the accounts surface', async () => {
    const begin = ({ method, path }: ProjectsOperation): string => `${method} ${path} HTTP/1.1\r\nHost: a\r\n`;
    await expectOfEach([431, 'headers.too_large'], async (operation) =>
      read(operation, await sendRaw(apiUrl, `${begin(operation)}X-A: ${'a'.repeat(20_000)}\r\n\r\n`)),
    );
  });

  it('answers 500 where a statement of the service fails, and 2xx afterwards', async () => {
    const tables = ['accounts', 'connect_attempts', 'lease_requests', 'oauth_apps', 'pool_accounts', 'projects'];
    await whileTablesFail(tables, () => expectOfEach([500, 'INTERNAL'], (operation) => ask(withOwnIds(operation))));
    expect((await customer.poll(connected.state)).body).toMatchObject({ status: 'completed' });
    expect((await customer.backend.get(`/v1/social-accounts/${connected.account}/health`)).status).toBe(200);
  });
});
