import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '../start/errors.mjs';

/**
 * What the API answers with, as its schemas define it.
 * @typedef {import('../start/session.mjs').Session} Session
 * @typedef {import('../../apps/api/src/oauth-apps/oauth-app.schema.js').OAuthAppView} App
 * @typedef {import('../../apps/api/src/accounts/account.schema.js').AccountView} Account
 * @typedef {import('../../apps/api/src/accounts/account.schema.js').AccountPageView} AccountPage
 * @typedef {import('../../apps/api/src/connect/start-connect.schema.js').StartedConnectView} StartedConnect
 * @typedef {import('../../apps/api/src/connect/attempt.schema.js').AttemptView} Attempt
 */

/**
 * What `npm start` wrote for people and scripts.
 * @param {string} home
 * @returns {Session}
 */
export function readSession(home) {
  try {
    return JSON.parse(readFileSync(join(home, 'session.json'), 'utf8'));
  } catch {
    throw new Error(`there is no ${join(home, 'session.json')}: run npm start first, and leave it running`);
  }
}

/** The running service, called as a backend calls it. The caller names the type of each answer. */
export class ServiceClient {
  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /**
   * @template T
   * @param {string} path
   * @returns {Promise<T>}
   */
  get(path) {
    return this.#request('GET', path);
  }

  /**
   * @template T
   * @param {string} path
   * @param {number} expect
   * @param {object} [body]
   * @returns {Promise<T>}
   */
  post(path, expect, body) {
    return this.#request('POST', path, { expect, body });
  }

  /**
   * @param {string} path
   * @param {number} expect
   * @returns {Promise<void>}
   */
  delete(path, expect) {
    return this.#request('DELETE', path, { expect });
  }

  /**
   * @template T
   * @param {string} method
   * @param {string} path
   * @param {{ expect?: number, body?: object | undefined }} [options]
   * @returns {Promise<T>}
   */
  #request(method, path, { expect = 200, body } = {}) {
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

  /**
   * Calls the control API of the sandbox: it does what happens at the platform.
   * @param {string} method
   * @param {string} path
   * @param {object} body
   * @returns {Promise<void>}
   */
  control(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    return call(`${this.session.sandbox_url}${path}`, { method, headers, body: JSON.stringify(body) });
  }
}

/**
 * @param {string} url
 * @param {RequestInit} options
 * @param {number} [expect] any success if undefined
 */
async function call(url, options, expect) {
  const response = await fetch(url, options).catch((error) => {
    throw new Error(`${url} does not answer (${codeOf(error.cause) ?? messageOf(error)}): is npm start running?`);
  });
  const text = await response.text();
  const isExpected = expect === undefined ? response.ok : response.status === expect;
  if (!isExpected) throw new Error(`${options.method ?? 'GET'} ${url} answered ${response.status}: ${detailIn(text)}`);
  return text === '' ? undefined : JSON.parse(text);
}

/**
 * The sentence of a problem document; any other text stays as it is.
 * @param {string} text
 */
function detailIn(text) {
  try {
    return JSON.parse(text).detail ?? text;
  } catch {
    return text;
  }
}

/** The client id and secret of the demo's own app at the sandbox: pauses and push URLs of the demo reach no other app. */
const APP = { name: 'npm run demo', client_id: 'npm-run-demo', client_secret: 'public, protects nothing' };

/**
 * The demo's own app; an app that an interrupted run left is used again.
 * @param {ServiceClient} service
 * @param {string} provider
 * @returns {Promise<App>}
 */
export async function openApp(service, provider) {
  /** @type {App[]} */
  const apps = await service.get(`/v1/oauth-apps?provider=${provider}`);
  const left = apps.find(({ client_id }) => client_id === APP.client_id);
  return left ?? service.post('/v1/oauth-apps', 201, { provider, ...APP });
}

/**
 * Disconnects the accounts of the app and deletes the app; nothing else is changed.
 * @param {ServiceClient} service
 * @param {App} app
 */
export async function closeApp(service, app) {
  /** @type {AccountPage} */
  const { items } = await service.get(`/v1/accounts?provider=${app.provider}&limit=100`);
  for (const { id } of items.filter((account) => account.oauth_app_id === app.id))
    await service.delete(`/v1/accounts/${id}`, 204);
  await service.delete(`/v1/oauth-apps/${app.id}`, 204);
}

/**
 * Runs the whole flow as a browser does, with a persona that consents at once. Returns the account.
 * @param {ServiceClient} service
 * @param {App} app
 * @param {string} persona
 * @returns {Promise<Account>}
 */
export async function connect(service, app, persona) {
  /** @type {StartedConnect} */
  const started = await service.get(`/v1/oauth/${app.provider}/start?user_ref=demo&oauth_app_id=${app.id}`);
  const consent = `${started.authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`;
  const callback = await follow(consent);
  const finished = await fetch(callback, { redirect: 'manual' });
  ensure(finished.status < 400, `the callback answered ${finished.status}`);
  /** @type {Attempt} */
  const attempt = await service.get(`/v1/oauth/attempts/${started.state}`);
  ensure(attempt.status === 'completed', `the attempt is ${attempt.status}: ${attempt.error}`);
  return service.get(`/v1/accounts/${attempt.account_ids[0]}`);
}

/** @param {string} url */
async function follow(url) {
  const response = await fetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  ensure(location !== null, `${new URL(url).pathname} did not redirect but answered ${response.status}`);
  return location;
}

/**
 * Throws `otherwise`, which ends the demo, unless `holds`.
 * @param {boolean} holds
 * @param {string} otherwise
 * @returns {asserts holds}
 */
export function ensure(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
