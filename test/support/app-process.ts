import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const READY_WITHIN = 30_000;

/** A process of the service from the built code in `root`; it sends its parent a message when it is ready. */
export class AppProcess {
  #log = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
  }

  static async start(root: string, app: string, env: NodeJS.ProcessEnv): Promise<AppProcess> {
    const options = {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'] as ['ignore', 'pipe', 'pipe', 'ipc'],
    };
    const started = new AppProcess(spawn(process.execPath, [entry(root, app, 'main')], options));
    const late = new AbortController();
    const ready = await Promise.race([
      once(started.child, 'message').then(() => true),
      once(started.child, 'exit').then(() => false),
      pause(READY_WITHIN, false, { signal: late.signal }),
    ]);
    late.abort();
    if (ready) return started;
    await started.stop();
    throw new Error(`${app} of ${root} did not start\n${started.log}`);
  }

  /** The log so far. */
  get log(): string {
    return this.#log;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
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
  runToEnd(process.cwd(), [entry(process.cwd(), 'cli', 'main'), ...command], env);

/** Runs a command of a release that has no apps/cli: each command is an entry of apps/api. */
export const runEarlierCommand = (
  root: string,
  name: 'migrate' | 'seed',
  env: NodeJS.ProcessEnv,
): Promise<CommandOutput> => runToEnd(root, [entry(root, 'api', name)], env);

async function runToEnd(root: string, args: string[], env: NodeJS.ProcessEnv): Promise<CommandOutput> {
  const options = { cwd: root, env: { ...process.env, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
  return { stdout, log: stderr };
}

const entry = (root: string, app: string, name: string): string => join(root, 'dist/apps', app, 'src', `${name}.js`);
