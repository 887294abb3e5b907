import './require-node.mjs';
import { Launcher } from './launcher.mjs';
import { readSettings } from './settings.mjs';
import { codeOf, messageOf, StartError } from './errors.mjs';
import { isKeptByNpm } from '../arguments.mjs';

// The reader of the output may end first; that must not prevent an orderly stop.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Milliseconds. npm forwards the signal that the terminal already sent to this process.
const SAME_SIGNAL = 1_000;
const PARENT_CHECK_EVERY = 500;

/** @type {Launcher | undefined} */
let launcher;
/** @type {number | undefined} */
let stoppingSince;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stop(name));
watchParent();

try {
  refuseArguments(process.argv.slice(2));
  launcher = new Launcher(readSettings(process.env));
  const greeting = await launcher.start();
  if (!stoppingSince) console.log(greeting);
} catch (error) {
  if (!stoppingSince) await fail(error);
}

/** @param {string[]} args */
function refuseArguments(args) {
  const kept = ['port', 'host', 'home'].find((name) => isKeptByNpm(name, process.env));
  const given = kept ? `--${kept}` : args[0] && `"${args[0]}"`;
  if (!given) return;
  throw new StartError(
    `npm start takes no arguments (${given}): its settings are environment variables, for example PORT=4000 npm start.\n.env.example describes them.`,
  );
}

/**
 * Stops when the npm that started this process has ended: a kill of npm reaches npm alone. Without npm, a process may outlive
 * its parent (`nohup`), and nothing is watched.
 */
function watchParent() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    void stop('the end of the program that started it');
  }, PARENT_CHECK_EVERY);
  timer.unref();
}

/** @param {string} why */
async function stop(why) {
  if (stoppingSince) return insist(stoppingSince);
  stoppingSince = Date.now();
  console.log(`\nStopping after ${why}. Work under way is finished first; once more stops at once.`);
  await leave(0);
}

/**
 * The exit ends what still runs: it closes the channel to the processes, and the kernel signals PostgreSQL.
 * @param {number} since
 */
function insist(since) {
  if (Date.now() - since > SAME_SIGNAL) process.exit(1);
}

/** @param {unknown} error */
async function fail(error) {
  stoppingSince = Date.now();
  console.error(`\n${describe(error)}`);
  await leave(1, { quietly: true });
}

/**
 * A file or an address that cannot be used is named in the message of its error.
 * @param {unknown} error
 */
function describe(error) {
  if (error instanceof StartError || /^E[A-Z0-9]+$/.test(String(codeOf(error)))) return messageOf(error);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * @param {number} code
 * @param {{ quietly?: boolean }} [options]
 */
async function leave(code, options) {
  try {
    await launcher?.stop(options);
  } finally {
    process.exit(code);
  }
}
