// EVERGRANT_KEY=… node examples/backend.mjs, then open http://localhost:8080/connect/x
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const { EVERGRANT_KEY, EVERGRANT_URL = 'http://localhost:3000', PORT = '8080' } = process.env;
const sessions = new Map(); // stands for the sessions that your application has already

async function evergrant(path) {
  const answer = await fetch(EVERGRANT_URL + path, { headers: { authorization: `Bearer ${EVERGRANT_KEY}` } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail); // one sentence about what is wrong; the browser is redirected nowhere
  return body;
}

async function connect(platform) {
  const [id, flow] = [randomUUID(), randomUUID()];
  const query = new URLSearchParams({
    return_url: `http://localhost:${PORT}/connected?flow=${flow}`,
    user_ref: 'user-1',
  });
  const { authorize_url, state } = await evergrant(`/v1/oauth/${encodeURIComponent(platform)}/start?${query}`);
  sessions.set(id, { flow, state });
  return [302, { location: authorize_url, 'set-cookie': `session=${id}; HttpOnly; SameSite=Lax; Path=/` }];
}

async function connected(session, flow) {
  if (session === undefined || session.flow !== flow) return [403, {}, 'This browser did not start the connection.'];
  const { status, account_ids, error } = await evergrant(`/v1/oauth/attempts/${session.state}`);
  return [200, {}, `${status}: ${error ?? account_ids.join(', ')}`];
}

async function route({ url, headers }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (pathname.startsWith('/connect/')) return connect(pathname.slice('/connect/'.length));
  if (pathname !== '/connected') return [404, {}, 'There is /connect/x, for example.'];
  const [, id] = /(?:^|; )session=([\w-]+)/.exec(headers.cookie) ?? [];
  return connected(sessions.get(id), searchParams.get('flow'));
}

createServer(async (request, response) => {
  const [status, headers, text] = await route(request).catch((error) => [502, {}, error.message]);
  response.writeHead(status, headers).end(text);
}).listen(PORT);
