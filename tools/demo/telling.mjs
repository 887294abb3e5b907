import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 180_000;
let chapter = 0;

export function step(title) {
  chapter += 1;
  process.stdout.write(`\n${chapter}. ${title}\n`);
}

export const say = (line) => process.stdout.write(`   ${line}\n`);

/** Asks once a second, or as often as is said, until `holds`; the last answer. Three minutes at the most. */
export async function until(what, ask, holds, every = 1_000) {
  const start = Date.now();
  for (;;) {
    const answer = await ask();
    if (holds(answer)) {
      if (Date.now() - start > 1_000) say(`(${Math.round((Date.now() - start) / 1_000)} s)`);
      return answer;
    }
    if (Date.now() - start > PATIENCE) throw new Error(`not ${what} after three minutes`);
    await pause(every);
  }
}
