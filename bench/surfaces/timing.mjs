/** @param {number[]} times */
export const medianOf = (times) => percentileOf(times, 0.5);

/**
 * @param {number[]} times
 * @param {number} share
 */
export function percentileOf(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/**
 * Milliseconds of each run, for each kind of work. The kinds run in turns, so that all meet the same noise; the first tenth warms up.
 * @param {(() => Promise<unknown>)[]} works
 * @param {number} runs
 * @returns {Promise<number[][]>}
 */
export async function timeInTurns(works, runs) {
  /** @type {number[][]} */
  const times = works.map(() => []);
  const warmUps = Math.ceil(runs / 10);
  for (let run = -warmUps; run < runs; run += 1) {
    // Alternately forwards and backwards: the second of two calls finds warmer caches.
    const order = run % 2 === 0 ? [...works.keys()] : [...works.keys()].reverse();
    for (const n of order) {
      const took = await time(works[n]);
      if (run >= 0) times[n]?.push(took);
    }
  }
  return times;
}

/**
 * Each poller repeats its call at its pace, whether the one before has been answered or not, spread evenly over the interval.
 * Returns the times after the warm-up, in which the connections are opened.
 * @param {(() => Promise<unknown>)[]} pollers
 * @param {{ everyMs: number, seconds: number, warmUpSeconds: number }} pace
 * @returns {Promise<number[]>}
 */
export async function pollAtPace(pollers, { everyMs, seconds, warmUpSeconds }) {
  /** @type {Promise<number>[]} */
  const calls = [];
  const begin = performance.now();
  const perSecond = (pollers.length * 1_000) / everyMs;
  const all = Math.floor(perSecond * (warmUpSeconds + seconds));
  for (let n = 0; n < all; n += 1) {
    const at = begin + (n * everyMs) / pollers.length;
    const wait = at - performance.now();
    if (wait > 0) await new Promise((later) => setTimeout(later, wait));
    calls.push(time(pollers[n % pollers.length], at));
  }
  return (await Promise.all(calls)).slice(Math.floor(perSecond * warmUpSeconds));
}

/**
 * `since`: when it should have begun, so that a late begin counts.
 * @param {(() => Promise<unknown>) | undefined} work
 * @param {number} [since]
 */
async function time(work, since = performance.now()) {
  await work?.();
  return performance.now() - since;
}
