import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#observability';
import { connectExchanger, type Exchanger } from '#tokens';
import { entryOf, type LaunchedApp, launchApp } from '../../../tools/start/app-process.mjs';
import { signal } from '../../../tools/start/processes.mjs';
import { describePlatform, environmentOf, type Settings, socketIn } from '../world/product-environment.js';

/** One exchanger with a folder of its own, without API and worker. */
export class LoneExchanger {
  readonly directory = mkdtempSync(join(tmpdir(), 'evergrant-window-'));
  readonly lines: string[] = [];
  #launched: LaunchedApp | undefined;
  pid = 0;

  constructor(
    private readonly settings: Pick<Settings, 'databaseUrl' | 'masterKeys'>,
    platformUrl: string,
  ) {
    mkdirSync(this.directory, { recursive: true });
    const under = (path: string): string => `${platformUrl}/${path}`;
    const [authorize, token, revoke, userinfo] = ['auth', 'token', 'revoke', 'me'].map(under) as Four;
    describePlatform(this.directory, { authorize, token, revoke, userinfo, graceSeconds: 0 });
  }

  get client(): Exchanger {
    return connectExchanger(socketIn(this.directory), createLogger({ app: 'faults', level: 'silent' }));
  }

  /** Starts it; returns the milliseconds until it listened. */
  async start(): Promise<number> {
    const startedAt = performance.now();
    const launched = launchApp({
      entry: entryOf('exchanger'),
      env: {
        ...environmentOf('exchanger', { ...BASE, ...this.settings, directory: this.directory }),
        REFRESHES_PER_SECOND: '1000',
      },
      onLine: (line) => this.lines.push(line),
      onStart: (pid) => {
        this.pid = pid;
      },
    });
    this.#launched = launched;
    const ended = launched.exited.then((reason) => {
      throw new Error(`the exchanger did not start: ${reason}\n${this.lines.join('\n')}`);
    });
    ended.catch(() => undefined);
    await Promise.race([launched.ready, ended]);
    return performance.now() - startedAt;
  }

  async kill(): Promise<void> {
    signal(this.pid, 'SIGKILL');
    await this.#launched?.exited;
  }

  get exited(): Promise<string> {
    return this.#launched?.exited ?? Promise.resolve('not started');
  }
}

type Four = [string, string, string, string];
const BASE = { redisUrl: null, concurrency: 1, stepsClocks: false };
