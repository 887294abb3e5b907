import { watchParent } from './parent.mjs';
import { Launcher } from './launcher.mjs';
import { readSettings } from './settings.mjs';
import { StartError } from './start-error.mjs';

// Whoever read our output may go first; that must not keep us from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

let launcher;
let stopping = false;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stop(name));
watchParent(() => stop('the end of the program that started it'));

try {
  launcher = new Launcher(readSettings(process.env));
  console.log(await launcher.start());
} catch (error) {
  if (!stopping) await fail(error);
}

async function stop(why) {
  if (stopping) return;
  stopping = true;
  console.log(`\nStopping after ${why}.`);
  await leave(0);
}

async function fail(error) {
  stopping = true;
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
