import { InvalidArgumentError } from 'commander';

/**
 * Reads the value of an option that may be given once: commander keeps the last of several values. It also takes a following
 * option for a value that is missing.
 */
export function once<Value = string>(read: (text: string) => Value = (text) => text as Value): (text: string) => Value {
  let isGiven = false;
  return (text) => {
    if (isGiven) throw new InvalidArgumentError('The option is given twice.');
    if (text.startsWith('--')) throw new InvalidArgumentError('The value is missing.');
    isGiven = true;
    return read(text);
  };
}
