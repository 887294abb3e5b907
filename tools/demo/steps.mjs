import { setTimeout as pause } from 'node:timers/promises';

const MAX_WAIT_MS = 180_000;
let stepNumber = 0;

export function step(title) {
  stepNumber += 1;
  process.stdout.write(`\n${stepNumber}. ${title}\n`);
}

export const say = (line) => process.stdout.write(`   ${line}\n`);

/** Calls `ask` every second, or every `every` milliseconds, until `holds` accepts the answer, which it returns. Limit: three minutes. */
export async function until(what, ask, holds, every = 1_000) {
  const start = Date.now();
  for (;;) {
    const answer = await ask();
    if (holds(answer)) {
      if (Date.now() - start > 1_000) say(`(${Math.round((Date.now() - start) / 1_000)} s)`);
      return answer;
    }
    if (Date.now() - start > MAX_WAIT_MS) throw new Error(`not ${what} after three minutes`);
    await pause(every);
  }
}
