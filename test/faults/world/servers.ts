import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../../tools/start/ports.mjs';
import { type PostgresServer, startPostgres } from '../../../tools/start/postgres.mjs';
import { signal, until } from '../../../tools/start/processes.mjs';

/** A PostgreSQL that can be stopped at once and come back at its old address with what it had committed. */
export class StrikablePostgres {
  readonly #password = randomBytes(16).toString('hex');
  #server!: PostgresServer;

  constructor(private readonly dataDir: string) {}

  get url(): string {
    return this.#server.url;
  }

  async start(port?: number): Promise<void> {
    const settings = { max_connections: '200' };
    this.#server = await startPostgres({
      dataDir: this.dataDir,
      password: this.#password,
      settings,
      ...(port && { port }),
    });
  }

  /** `pg_ctl stop -m immediate`: no checkpoint, no goodbye; recovery from the log at the next start. */
  async strike(away: number): Promise<void> {
    const { pid, port, exited } = this.#server;
    signal(pid, 'SIGQUIT');
    await exited;
    await sleep(away);
    await this.start(port);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

const PROGRAM = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Whether this machine can run the half of the table whose queue lives in Redis. */
export const redisIsHere = PROGRAM !== undefined;

/** A Redis without a disk: what it held is gone with it. */
export class StrikableRedis {
  #child!: ChildProcess;
  #port = 0;

  constructor(private readonly directory: string) {}

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#port ||= await freePort();
    const port = this.#port;
    const options = [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      join(this.directory),
    ];
    const child = (this.#child = spawn(PROGRAM ?? 'redis-server', options, { stdio: 'ignore' }));
    process.once('exit', () => child.kill('SIGKILL'));
    if (!(await until(() => listens(port), 20_000, 50))) throw new Error('redis-server did not start');
  }

  async strike(away: number): Promise<void> {
    await this.#kill();
    await sleep(away);
    await this.start();
  }

  async flush(): Promise<void> {
    const client = new Redis(this.url, { maxRetriesPerRequest: 3 });
    client.on('error', () => undefined);
    try {
      await client.flushall();
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.#kill();
  }

  async #kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .once('connect', () => {
        socket.destroy();
        settle(true);
      })
      .once('error', () => {
        settle(false);
      });
  });
