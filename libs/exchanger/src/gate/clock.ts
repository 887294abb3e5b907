/** The time of this process: for rates and waiting, never for what a row says. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Runs `work` at or after that moment; the answer calls it off. */
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
