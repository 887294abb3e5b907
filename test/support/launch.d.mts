/** `npm start`, running. */
export interface Launched {
  readonly pid: number;
  /** Its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** All that it has written so far. */
  output(): string;
  /** Settles when it greets; fails with its output when it ends before. */
  ready(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** Starts the real service as a person does, on its own embedded PostgreSQL; `REDIS_URL` goes through. */
export function launch(options: { home: string; port: number; sandboxPort: number }): Launched;

/** The numbers of the living processes that a launcher has brought up in `home`, PostgreSQL among them. */
export function processesOf(home: string): number[];

/** Which of them are there still when all had `milliseconds` to leave. */
export function survivors(pids: number[], milliseconds: number): Promise<number[]>;
