import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `npm start` wrote for people and scripts. */
export function readSession(home) {
  try {
    return JSON.parse(readFileSync(join(home, 'session.json'), 'utf8'));
  } catch {
    throw new Error(`there is no ${join(home, 'session.json')}: run npm start first, and leave it running`);
  }
}

/** The running service, called as a backend calls it. */
export class Service {
  constructor(session) {
    this.session = session;
  }

  get(path) {
    return this.request('GET', path);
  }

  post(path, expect, body) {
    return this.request('POST', path, { expect, body });
  }

  delete(path, expect) {
    return this.request('DELETE', path, { expect });
  }

  async request(method, path, { expect = 200, body } = {}) {
    const headers = {
      authorization: `Bearer ${this.session.test_api_key}`,
      ...(body && { 'content-type': 'application/json' }),
    };
    return call(
      `${this.session.api_url}${path}`,
      { method, headers, ...(body && { body: JSON.stringify(body) }) },
      expect,
    );
  }

  /** The sandbox's control API: what happens at the platform. */
  control(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    return call(`${this.session.sandbox_url}${path}`, { method, headers, body: JSON.stringify(body) });
  }
}

async function call(url, options, expect) {
  const response = await fetch(url, options).catch((error) => {
    throw new Error(`${url} does not answer (${error.cause?.code ?? error.message}): is npm start running?`);
  });
  const text = await response.text();
  const wanted = expect === undefined ? response.ok : response.status === expect;
  if (!wanted) throw new Error(`${options.method} ${url} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** The client id and secret of the demo's own app at the sandbox: pauses and push URLs of the demo reach no other app. */
const APP = { name: 'npm run demo', client_id: 'npm-run-demo', client_secret: 'public, protects nothing' };

/** The demo's own app; one that an interrupted run left is used again. */
export async function openApp(service, provider) {
  const apps = await service.get(`/v1/oauth-apps?provider=${provider}`);
  const left = apps.find(({ client_id }) => client_id === APP.client_id);
  return left ?? service.post('/v1/oauth-apps', 201, { provider, ...APP });
}

/** Disconnects what is connected through the app, and deletes the app: nothing else was touched. */
export async function closeApp(service, app) {
  const { items } = await service.get(`/v1/accounts?provider=${app.provider}&limit=100`);
  for (const { id } of items.filter((account) => account.oauth_app_id === app.id))
    await service.delete(`/v1/accounts/${id}`, 204);
  await service.delete(`/v1/oauth-apps/${app.id}`, 204);
}

/** The whole flow as a browser goes through it, with a persona that consents at once. Returns the account. */
export async function connect(service, app, persona) {
  const started = await service.get(`/v1/oauth/${app.provider}/start?user_ref=demo&oauth_app_id=${app.id}`);
  const consent = `${started.authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`;
  const callback = await follow(consent);
  const finished = await fetch(callback, { redirect: 'manual' });
  ensure(finished.status < 400, `the callback answered ${finished.status}`);
  const attempt = await service.get(`/v1/oauth/attempts/${started.state}`);
  ensure(attempt.status === 'completed', `the attempt is ${attempt.status}: ${attempt.error}`);
  return service.get(`/v1/accounts/${attempt.account_ids[0]}`);
}

async function follow(url) {
  const response = await fetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  ensure(location !== null, `${new URL(url).pathname} did not redirect but answered ${response.status}`);
  return location;
}

/** Throws `otherwise`, which ends the demo, unless `holds`. */
export function ensure(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
