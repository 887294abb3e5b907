import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../../tools/start/root.mjs';

/** The environment of all processes of one run. */
export interface Settings {
  directory: string;
  databaseUrl: string;
  redisUrl: string | null;
  masterKeys: string;
  /** Grants that a worker refreshes side by side. */
  concurrency: number;
  /** Whether their clocks are to be stepped. */
  stepsClocks: boolean;
}

/** The platform as an operator describes it in CUSTOM_PROVIDERS_FILE. */
export interface PlatformAddress {
  authorize: string;
  token: string;
  revoke: string;
  userinfo: string;
  graceSeconds: number;
}

export const PROVIDER = 'faults';

export const modeOf = (graceSeconds: number): string => (graceSeconds > 0 ? 'rotating_grace' : 'rotating_strict');

export const socketIn = (directory: string): string => join(directory, 'exchanger.sock');
export const journalIn = (directory: string): string => join(directory, 'journal');
export const clockFileOf = (directory: string, name: string): string => join(directory, `${name}.clock`);
const providersFileIn = (directory: string): string => join(directory, 'providers.json');

export function describePlatform(
  directory: string,
  { authorize, token, revoke, userinfo, graceSeconds }: PlatformAddress,
): void {
  const mode = modeOf(graceSeconds);
  const definition = {
    name: PROVIDER,
    title: 'The platform of the fault test',
    authorize: { url: authorize, pkce: true },
    token: { url: token, clientAuthentication: 'client_secret_basic' },
    revoke: { url: revoke },
    refresh: graceSeconds > 0 ? { mode, graceSeconds } : { mode },
    identity: { url: userinfo, id: 'sub' },
    scopes: { default: ['openid'] },
  };
  writeFileSync(providersFileIn(directory), JSON.stringify([definition]));
}

/** The folder and the socket of an exchanger on another host. */
export const secondHostOf = (directory: string): Record<string, string> => ({
  EVERGRANT_HOME: join(directory, 'second'),
  EXCHANGER_SOCKET: join(directory, 'second', 'exchanger.sock'),
});

/** The environment of one process. */
export function environmentOf(name: string, settings: Settings): Record<string, string | undefined> {
  const { directory, databaseUrl, redisUrl, masterKeys, concurrency, stepsClocks } = settings;
  const preload = pathToFileURL(join(ROOT, 'test/faults/world/preload-clock.mjs')).href;
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'development',
    EVERGRANT_HOME: directory,
    DATABASE_URL: databaseUrl,
    MASTER_KEYS: masterKeys,
    WORKER_CONCURRENCY: String(concurrency),
    EXCHANGER_SOCKET: socketIn(directory),
    JOURNAL_DIR: journalIn(directory),
    CUSTOM_PROVIDERS_FILE: providersFileIn(directory),
    ...(redisUrl && { REDIS_URL: redisUrl }),
    ...(stepsClocks && { NODE_OPTIONS: `--import=${preload}`, CLOCK_FILE: clockFileOf(directory, name) }),
  };
}
