import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openService } from '../surfaces/service.mjs';
import { fillManyWorkspaces, fillWorkspace } from './seed.mjs';

/**
 * A filled workspace, and what reaches it.
 * @typedef {{ id: string, key: string, accounts: number, firstProject: string, otherProject: string }} Workspace
 * @typedef {Awaited<ReturnType<typeof openWorld>>} World
 */

/** Opens the whole service as `npm start` runs it, and the bare handler on the same database. Workspaces are filled when a part needs them. */
export async function openWorld() {
  const service = await openService();
  const bare = await startBare(service);
  /** @type {Map<number, Promise<Workspace>>} */
  const filled = new Map();

  /** @param {number} accounts @returns {Promise<Workspace>} */
  const fill = async (accounts) => {
    const name = `bench-${accounts}`;
    const key = await service.newKey(name);
    const id = await workspaceOf(service.pool, name);
    const begun = performance.now();
    const projects = await fillWorkspace(service.pool, { id, name, accounts }, service.home);
    await settleTables(service.pool);
    console.log(`${accounts} accounts are filled in after ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
    return { id, key, accounts, ...projects };
  };

  return {
    service,
    /** The URL of the API. */
    ours: service.url,
    /** The URL of the bare handler. */
    bare: bare.url,
    /** A workspace of this size. @param {number} accounts */
    workspace(accounts) {
      const known = filled.get(accounts) ?? fill(accounts);
      filled.set(accounts, known);
      return known;
    },
    /** One of many workspaces. @param {{ workspaces: number, accountsEach: number }} size */
    async oneOfMany(size) {
      const name = await fillManyWorkspaces(service.pool, size, service.home);
      await settleTables(service.pool);
      return { id: await workspaceOf(service.pool, name), key: await service.newKey(name) };
    },
    async close() {
      bare.stop();
      await service.close();
    },
  };
}

/** @param {import('pg').Pool} pool @param {string} name @returns {Promise<string>} */
const workspaceOf = async (pool, name) =>
  (await pool.query('select id from workspaces where name = $1', [name])).rows[0].id;

/** As autovacuum leaves them. @param {import('pg').Pool} pool */
const settleTables = (pool) => pool.query('vacuum analyze');

/** @param {{ databaseUrl: string, home: string }} service */
async function startBare({ databaseUrl, home }) {
  const child = spawn(process.execPath, ['bench/load/bare.mjs'], {
    env: { ...process.env, DATABASE_URL: databaseUrl, EVERGRANT_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { url: `http://127.0.0.1:${port.trim()}`, stop: () => child.kill() };
}
