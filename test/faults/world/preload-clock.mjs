// Loaded into a process of ours before anything else: its clock is ahead by what stands in a file.
import { readFileSync } from 'node:fs';

const { CLOCK_FILE } = process.env;
const TrueDate = Date;
const trueNow = Date.now.bind(Date);
let ahead = 0;

const read = () => {
  try {
    ahead = Number(readFileSync(CLOCK_FILE, 'utf8')) || 0;
  } catch {
    ahead = 0;
  }
};

class SteppedDate extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(trueNow() + ahead);
    else super(...given);
  }

  static now() {
    return trueNow() + ahead;
  }
}

if (CLOCK_FILE) {
  read();
  setInterval(read, 100).unref();
  globalThis.Date = SteppedDate;
}
