import { InvalidArgumentError } from 'commander';

/**
 * Reads the value of an option that may be given once: commander keeps the last of several values. It also takes a following
 * option for a value that is missing.
 */
export function once<Value = string>(read: (text: string) => Value = (text) => text as Value): (text: string) => Value {
  let isGiven = false;
  return (text) => {
    if (isGiven) throw new InvalidArgumentError('The option is given twice.');
    if (text.startsWith('--') && !isJoined(text)) throw new InvalidArgumentError('The value is missing.');
    isGiven = true;
    return read(text);
  };
}

/** Whether an argument of the process is an option with this value behind `=`, where no other option can stand. */
const isJoined = (text: string): boolean =>
  process.argv.some((argument) => /^--[a-z-]+=/.test(argument) && argument.slice(argument.indexOf('=') + 1) === text);
