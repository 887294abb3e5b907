/** The folder of the repository. */
export const ROOT: string;

/** The built entry of an app. */
export function entryOf(app: string): string;

export interface Launched {
  /** Why it ended. */
  exited: Promise<string>;
  ready: Promise<void>;
  stop(): Promise<void>;
}

export function launchApp(options: {
  entry: string;
  env: Record<string, string | undefined>;
  onLine: (line: string) => void;
  onStart: (pid: number) => void;
}): Launched;

export function freePort(): Promise<number>;

export interface PostgresServer {
  url: string;
  port: number;
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

export function startPostgres(options: {
  dataDir: string;
  password?: string;
  port?: number;
  settings?: Record<string, string>;
  onLine?: (line: string) => void;
}): Promise<PostgresServer>;

/** The start time, which distinguishes a process from a later one with the same number; undefined after its end. */
export function birthOf(pid: number): string | undefined;

/** Sends a signal to a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void;

/** Waits until `done` holds; false when it did not within `milliseconds`. */
export function until(done: () => boolean | Promise<boolean>, milliseconds: number, pause?: number): Promise<boolean>;

export function run(
  command: string,
  args: string[],
  options?: { env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<string>;
