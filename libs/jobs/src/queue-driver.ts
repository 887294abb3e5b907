import { type Processor, type Queue, type Worker, type WorkerOptions } from 'bullmq';

/** What we use of BullMQ's queue: the same calls on every store. */
export type BullQueue = Troubled &
  Pick<Queue, 'addBulk' | 'upsertJobScheduler' | 'getJobSchedulers' | 'removeJobScheduler' | 'getJobCounts' | 'close'>;
export type BullWorker = Pick<Worker, 'close' | 'disconnect' | 'waitUntilReady'> & Troubled;
interface Troubled {
  on(event: 'error', listener: (error: Error) => void): unknown;
}
export type BullWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** One store under BullMQ. Nothing outside these drivers knows which one it is. */
export interface QueueDriver {
  readonly kind: 'postgres' | 'redis';
  /** Throws when the store does not answer, or is not prepared. */
  ping(): Promise<void>;
  /** Prepares the store; safe to run by many at once. */
  migrate(): Promise<void>;
  openQueue(): BullQueue;
  openWorker(processor: Processor, options: BullWorkerOptions): BullWorker;
  /** Ends the connections, after queue and workers are closed. */
  disconnect(): Promise<void>;
}

/** One queue holds every job: a job's name, not its queue, says what it is. */
export const QUEUE = 'evergrant';
