// Loaded into a process before anything else: its clock is ahead by the milliseconds in a file.
import { readFileSync } from 'node:fs';

const READ_EVERY_MS = 100;
const { CLOCK_FILE } = process.env;
const trueNow = Date.now.bind(Date);
let ahead = 0;

/** @param {string} file */
const read = (file) => {
  try {
    ahead = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    ahead = 0;
  }
};

const now = () => trueNow() + ahead;

if (CLOCK_FILE) {
  read(CLOCK_FILE);
  setInterval(() => read(CLOCK_FILE), READ_EVERY_MS).unref();
  globalThis.Date = new Proxy(Date, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
