import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bundleOf } from '../../tools/start/app-process.mjs';

const READY_WITHIN = 90_000;

/** A process of the service from the built code in `root`; it sends its parent a message when it is ready. */
export class AppProcess {
  #log = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
  }

  static start(root: string, app: string, env: NodeJS.ProcessEnv): Promise<AppProcess> {
    return AppProcess.startNode([entry(root, app, 'main')], env, root);
  }

  /** Starts `node <args>`; settles when the process is ready. */
  static async startNode(args: string[], env: NodeJS.ProcessEnv, cwd = process.cwd()): Promise<AppProcess> {
    const options = {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'] as ['ignore', 'pipe', 'pipe', 'ipc'],
    };
    const started = new AppProcess(spawn(process.execPath, args, options));
    const late = new AbortController();
    const ready = await Promise.race([
      once(started.child, 'message').then(([message]) => message === 'ready'),
      once(started.child, 'exit').then(() => false),
      pause(READY_WITHIN, false, { signal: late.signal }),
    ]);
    late.abort();
    if (ready) return started;
    await started.stop();
    throw new Error(`node ${args.join(' ')} did not start in ${cwd}\n${started.log}`);
  }

  /** The log so far. */
  get log(): string {
    return this.#log;
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}

/** What a one-shot command wrote to stdout, and to its log on stderr. */
export interface CommandOutput {
  stdout: string;
  log: string;
}

/** Runs a command of apps/cli, such as `['migrate', '--undo']`, from the built code of this folder. */
export const runCommand = (command: string[], env: NodeJS.ProcessEnv): Promise<CommandOutput> =>
  runNode([entry(process.cwd(), 'cli', 'main'), ...command], env);

/** Runs a command of a release that has no apps/cli: each command is an entry of apps/api. */
export const runEarlierCommand = (
  root: string,
  name: 'migrate' | 'seed',
  env: NodeJS.ProcessEnv,
): Promise<CommandOutput> => runNode([entry(root, 'api', name)], env, root);

/** Runs `node <args>` to its end; rejects when its exit code is not 0. */
export async function runNode(args: string[], env: NodeJS.ProcessEnv, cwd = process.cwd()): Promise<CommandOutput> {
  const options = { cwd, env: { ...process.env, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
  return { stdout, log: stderr };
}

/** A release before the bundles has the compiled files alone. */
function entry(root: string, app: string, name: string): string {
  const bundled = join(root, bundleOf(app));
  return name === 'main' && existsSync(bundled) ? bundled : join(root, 'dist/apps', app, 'src', `${name}.js`);
}
