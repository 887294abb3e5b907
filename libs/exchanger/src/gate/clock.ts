/** The time of this process: for rates and waiting, never for a row's timestamps. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `work` at or after that moment; the returned function cancels it. */
  at(moment: number, work: () => void): () => void;
}

export const monotonicClock: Clock = {
  now: () => performance.now(),
  at(moment, work) {
    const timer = setTimeout(work, Math.max(1, Math.ceil(moment - performance.now()))).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
