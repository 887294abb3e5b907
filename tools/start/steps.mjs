/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

// Milliseconds.
const PROGRESS_EVERY = 10_000;

/**
 * Runs one step and prints its name and its seconds; with `progress`, also every ten seconds while it runs.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work
 * @param {{ progress?: boolean }} [options]
 * @returns {Promise<T>}
 */
export async function printStep(name, work, { progress = false } = {}) {
  const since = performance.now();
  const going = progress
    ? setInterval(() => console.log(`  ${name.padEnd(10)}${seconds(since).padStart(7)} …`), PROGRESS_EVERY)
    : undefined;
  try {
    const result = await work();
    console.log(`  ${name.padEnd(10)}${seconds(since).padStart(7)}`);
    return result;
  } finally {
    clearInterval(going);
  }
}

/** The time since this process began. */
export const sinceLaunch = () => seconds(0);
