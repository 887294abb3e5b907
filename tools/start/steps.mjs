const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

const SAYS_EVERY = 10_000;

/** Does one step of the start and prints its name and how long it took; with `progress` a long one says every ten seconds that it goes on. */
export async function printStep(name, work, { progress = false } = {}) {
  const since = performance.now();
  const going = progress
    ? setInterval(() => console.log(`  ${name.padEnd(10)}${seconds(since).padStart(7)} …`), SAYS_EVERY)
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
