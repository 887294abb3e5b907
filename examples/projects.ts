// Node 24 runs this file as it is; it has no dependencies.
// EVERGRANT_KEY=… EVERGRANT_PROJECT=prj_… node examples/projects.ts connect
import { setTimeout as pause } from 'node:timers/promises';

const { EVERGRANT_KEY = '', EVERGRANT_URL = 'http://localhost:3000', EVERGRANT_PROJECT = '' } = process.env;
// Of the dashboard token of an operator; a key has its own environment.
const ENVIRONMENT = process.env.EVERGRANT_ENVIRONMENT;
const RETURN_URL = process.env.RETURN_URL ?? 'http://localhost:8080/connected';

type Started = { authorizeUrl: string; state: string; expiresAt: string };
type Polled =
  | { status: 'pending'; expiresAt: string }
  | { status: 'completed'; socialAccountId: string; socialAccountIds: string[] }
  | { status: 'failed'; error: { code: string; message: string } };
type Health = { status: string; recommendation: string };
type LeaseRequest = { status: string; reason: string | null; leasedAccountIds: string[]; closedAt: string | null };
type PoolAccount = { leasedAccountId: string; authorizeUrl: string; state: string };

/** Waits as long as Retry-After states where the service limits the calls or is not ready, three times at most. */
async function evergrant<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(EVERGRANT_URL + path, {
      method,
      headers: {
        authorization: `Bearer ${EVERGRANT_KEY}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(ENVIRONMENT && { 'x-environment': ENVIRONMENT }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.ok) return (await answer.json()) as Answer;
    const { error } = (await answer.json()) as { error: { code: string; message: string; requestId: string } };
    const retryAfter = Number(answer.headers.get('retry-after') ?? 0);
    if (retryAfter === 0 || attempt === 3) throw new Error(`${error.code} (${error.requestId}): ${error.message}`);
    await pause(retryAfter * 1_000);
  }
}

/** Your server answers the press of the Connect button with a redirect to authorizeUrl, and keeps the state in the session. */
function connect(platform: string): Promise<Started> {
  const path = `/v1/projects/${EVERGRANT_PROJECT}/social/oauth-url`;
  return evergrant('POST', path, { platform, returnUrl: RETURN_URL });
}

/** Polls after 1 s, then ever later up to 10 s apart. The service answers `failed` once the state has expired. */
async function untilConnected(state: string): Promise<string> {
  for (let wait = 1; ; wait = Math.min(wait * 1.5, 10)) {
    const polled = await evergrant<Polled>('GET', `/v1/social/oauth-status/${state}`);
    if (polled.status === 'completed') return polled.socialAccountId;
    if (polled.status === 'failed') throw new Error(`${polled.error.code}: ${polled.error.message}`);
    await pause(wait * 1_000);
  }
}

const health = (account: string): Promise<Health> => evergrant('GET', `/v1/social-accounts/${account}/health`);

/** The person consents again; the account keeps its id, its history and its place in the project. */
function reauthorize(socialAccountId: string): Promise<Started> {
  const path = `/v1/projects/${EVERGRANT_PROJECT}/social/reauth-url`;
  return evergrant('POST', path, { socialAccountId, returnUrl: RETURN_URL });
}

/** Destroys the tokens, cancels queued posts, and revokes the grant at the platform. */
const revoke = (account: string): Promise<{ status: string; canceledScheduledPosts: number }> =>
  evergrant('DELETE', `/v1/social-accounts/${account}`);

const leases = `/v1/projects/${EVERGRANT_PROJECT}/leased-accounts`;

/** The key needs the scope leases:write. */
const requestLeases = (platform: string, count: number): Promise<{ requestId: string }> =>
  evergrant('POST', `${leases}/request`, { platform, count });

/** An operator answers in hours or days: polls ever later up to a minute apart, until the request gets no more accounts. */
async function untilLeased(requestId: string): Promise<string[]> {
  for (let wait = 1; ; wait = Math.min(wait * 1.5, 60)) {
    const request = await evergrant<LeaseRequest>('GET', `${leases}/requests/${requestId}`);
    if (request.status === 'rejected') throw new Error(`rejected: ${request.reason}`);
    if (request.closedAt !== null) return request.leasedAccountIds;
    await pause(wait * 1_000);
  }
}

/** Cancels the queued posts of the account, and returns it to the pool. */
const release = (account: string): Promise<{ status: string }> => evergrant('DELETE', `/v1/leased-accounts/${account}`);

/** Returns the id in the pool, and where the browser of the account's person goes. */
const addToPool = (platform: string): Promise<PoolAccount> =>
  evergrant('POST', '/v1/operator/pool', { platform, connect: true });

/** The consent is the first step; the others are work of the operator. */
async function prepare(pooled: string): Promise<string> {
  let state = '';
  for (const step of ['credentials', 'profile', 'warmup', 'review']) {
    const path = `/v1/operator/pool/${pooled}/steps/${step}`;
    ({ state } = await evergrant<PoolAccount>('POST', path, { state: 'done' }));
  }
  return state;
}

const assign = (requestId: string, ...leasedAccountIds: string[]): Promise<{ status: string }> =>
  evergrant('POST', `/v1/operator/lease-requests/${requestId}/assign`, { leasedAccountIds });

const [command = 'connect', argument = 'x', other = ''] = process.argv.slice(2);
if (command === 'connect' || command === 'reauthorize') {
  const started = await (command === 'connect' ? connect(argument) : reauthorize(argument));
  console.log(`open ${started.authorizeUrl}`);
  console.log(`connected ${await untilConnected(started.state)}`);
}
if (command === 'health') {
  const { status, recommendation } = await health(argument);
  console.log(`${status}, recommendation ${recommendation}`);
}
if (command === 'revoke') console.log((await revoke(argument)).status);
if (command === 'lease') {
  const { requestId } = await requestLeases(argument, 1);
  console.log(`requested ${requestId}`);
  console.log(`leased ${(await untilLeased(requestId)).join(' ')}`);
}
if (command === 'release') console.log((await release(argument)).status);
if (command === 'add') {
  const { leasedAccountId, authorizeUrl } = await addToPool(argument);
  console.log(`open ${authorizeUrl}\nadded ${leasedAccountId}`);
}
if (command === 'prepare') console.log(await prepare(argument));
if (command === 'assign') console.log((await assign(argument, other)).status);
