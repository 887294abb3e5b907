import { type Processor, type Queue, type Worker, type WorkerOptions } from 'bullmq';

/** The part of BullMQ's queue that this library uses, the same on every store. */
export type BullQueue = ErrorEmitter &
  Pick<Queue, 'addBulk' | 'upsertJobScheduler' | 'getJobSchedulers' | 'removeJobScheduler' | 'getJobCounts' | 'close'>;
export type BullWorker = Pick<Worker, 'close' | 'disconnect' | 'waitUntilReady'> & ErrorEmitter;
interface ErrorEmitter {
  on(event: 'error', listener: (error: Error) => void): unknown;
}
export type BullWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** One store under BullMQ. No code outside the drivers depends on the kind of store. */
export interface QueueDriver {
  readonly kind: 'postgres' | 'redis';
  /** Throws if the store does not answer or is not prepared. */
  ping(): Promise<void>;
  /** Prepares the store. Several processes may run it at the same time. */
  migrate(): Promise<void>;
  openQueue(): BullQueue;
  openWorker(processor: Processor, options: BullWorkerOptions): BullWorker;
  /** Closes the connections, after queue and workers are closed. */
  disconnect(): Promise<void>;
}

/** One queue holds every job; the name of a job gives its kind. */
export const QUEUE = 'evergrant';
