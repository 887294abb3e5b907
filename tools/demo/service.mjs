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

  post(path, expect) {
    return this.request('POST', path, { expect });
  }

  async request(method, path, { expect = 200 } = {}) {
    const headers = { authorization: `Bearer ${this.session.test_api_key}` };
    return call(`${this.session.api_url}${path}`, { method, headers }, expect);
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

/** The whole flow as a browser goes through it, with a persona that consents at once. The account that came of it. */
export async function connect(service, provider, persona) {
  const started = await service.get(`/v1/oauth/${provider}/start?user_ref=demo`);
  const consent = `${started.authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`;
  const callback = await follow(consent);
  await follow(callback);
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

/** Stops the story where it does not go as told. */
export function ensure(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
