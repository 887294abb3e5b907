import { join } from 'node:path';
import { readObject, writeDurably } from './home.mjs';
import { sinceLaunch } from './steps.mjs';

/** @param {string} home */
const pathIn = (home) => join(home, 'session.json');

/**
 * The key that an earlier start printed. It stays valid, so a copy of it still works.
 * @param {string} home
 * @returns {string | undefined}
 */
export const keyOfLastSession = (home) => lastSession(home)?.test_api_key;

/**
 * What the last start wrote; undefined before the first.
 * @param {string} home
 * @returns {Partial<Session> | undefined}
 */
export const lastSession = (home) => readObject(pathIn(home));

/**
 * @typedef {Pick<import('./settings.mjs').Settings, 'home' | 'apiUrl' | 'publicUrl' | 'sandboxUrl'>} Place
 * @typedef {{ workspace: string, test_api_key: string }} Seeded
 * @typedef {Seeded & { api_url: string, public_url: string, docs_url: string, sandbox_url: string, pid: number }} Session
 */

/**
 * Writes what scripts and the demo need to call the running service.
 * @param {Place} place
 * @param {Seeded} seeded
 * @returns {Session}
 */
export function writeSession({ home, apiUrl, publicUrl, sandboxUrl }, { workspace, test_api_key }) {
  const session = {
    api_url: apiUrl,
    public_url: publicUrl,
    docs_url: `${apiUrl}/docs`,
    sandbox_url: sandboxUrl,
    workspace,
    test_api_key,
    pid: process.pid,
  };
  writeDurably(pathIn(home), `${JSON.stringify(session, undefined, 2)}\n`);
  return session;
}

/**
 * The URLs to open and the first three calls, ready to be pasted.
 * @param {Session} session
 * @param {{ home: string }} place
 */
export function welcome(session, { home }) {
  const authorize = `-H 'Authorization: Bearer ${session.test_api_key}'`;
  return `
Evergrant is ready after ${sinceLaunch()}.

  API         ${session.api_url}
  Swagger UI  ${session.docs_url}
  Sandbox     ${session.sandbox_url}
  Test key    ${session.test_api_key}
              every scope in workspace "${session.workspace}"; kept in ${pathIn(home)}

Connect an account: open the authorize_url that this answers with.

  curl -s ${authorize} '${session.api_url}/v1/oauth/x/start?user_ref=user-1'

See it, and refresh its token.

  curl -s ${authorize} ${session.api_url}/v1/accounts
  curl -s -X POST ${authorize} ${session.api_url}/v1/accounts/{id}/refresh

Ctrl-C stops everything; what is connected stays.
`;
}
