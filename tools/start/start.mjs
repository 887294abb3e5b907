import { watchParent } from './parent.mjs';
import { Launcher } from './launcher.mjs';
import { readSettings } from './settings.mjs';
import { StartError } from './start-error.mjs';

// The reader of the output may end first; that must not prevent an orderly stop.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Milliseconds. npm forwards the signal that the terminal already sent to this process.
const SAME_SIGNAL = 1_000;

let launcher;
let stoppingSince;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stop(name));
watchParent(() => stop('the end of the program that started it'));

try {
  launcher = new Launcher(readSettings(process.env));
  const greeting = await launcher.start();
  if (!stoppingSince) console.log(greeting);
} catch (error) {
  if (!stoppingSince) await fail(error);
}

async function stop(why) {
  if (stoppingSince) return insist();
  stoppingSince = Date.now();
  console.log(`\nStopping after ${why}. Work under way is finished first; once more stops at once.`);
  await leave(0);
}

/** The exit ends what still runs: it closes the channel to the processes, and the kernel signals PostgreSQL. */
function insist() {
  if (Date.now() - stoppingSince > SAME_SIGNAL) process.exit(1);
}

async function fail(error) {
  stoppingSince = Date.now();
  console.error(`\n${error instanceof StartError ? error.message : (error.stack ?? error)}`);
  await leave(1);
}

async function leave(code) {
  try {
    await launcher?.stop();
  } finally {
    process.exit(code);
  }
}
