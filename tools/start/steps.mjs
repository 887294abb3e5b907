const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

/** Does one step of the start and prints its name and how long it took. */
export async function printStep(name, work) {
  const since = performance.now();
  const result = await work();
  console.log(`  ${name.padEnd(10)}${seconds(since).padStart(7)}`);
  return result;
}

/** The time since this process began. */
export const sinceLaunch = () => seconds(0);
