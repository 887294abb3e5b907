/** `npm start`, running. */
export interface Launched {
  readonly pid: number;
  /** Its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** All that it has written so far. */
  output(): string;
  /** Resolves when it prints its greeting; rejects with its output when it ends before. */
  ready(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** Starts the real service as a person does, on its own embedded PostgreSQL; `REDIS_URL` goes through. */
export function launch(options: { home: string; port: number; sandboxPort: number }): Launched;

/** The ids of the running processes that a launcher started in `home`, with PostgreSQL. */
export function processesOf(home: string): number[];

/** The processes that still run after `milliseconds`. */
export function survivors(pids: number[], milliseconds: number): Promise<number[]>;
