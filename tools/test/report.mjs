const SHOWN = 20;
const LINES = 25;

/**
 * A failed test, the counts of one part of a run, and the part with its title and its seconds: by the clock, and of CPU time
 * with all its processes.
 * @typedef {{ name: string, file?: string, message: string }} Failure
 * @typedef {{ passed: number, failed: number, skipped: number, failures: Failure[] }} Counts
 * @typedef {{ title: string, seconds: number, cpuSeconds: number }} Part
 * @typedef {Counts & Partial<Part>} Result
 */

/**
 * What this file reads of the report of Jest.
 * @typedef {{ status: string, fullName: string, failureMessages: string[] }} JestTest
 * @typedef {{ name: string, status: string, message: string, assertionResults: JestTest[] }} JestFile
 */

/**
 * The failed tests of one run of Jest: the name, the file and the message of each.
 * @param {{ testResults: JestFile[] }} report
 * @returns {Failure[]}
 */
export function failuresOf({ testResults }) {
  return testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const tests = failed.map(({ fullName, failureMessages }) => ({
      name: fullName,
      file,
      message: failureMessages.join('\n'),
    }));
    // A file that does not load has no tests.
    return tests.length === 0 && status === 'failed' ? [{ name: 'the file did not run', file, message }] : tests;
  });
}

/**
 * Adds up the counts of all parts.
 * @param {Counts[]} results
 * @returns {Counts}
 */
export function sum(results) {
  /** @param {'passed' | 'failed' | 'skipped'} name */
  const total = (name) => results.reduce((count, result) => count + result[name], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/** @param {number} value */
const seconds = (value) => `${value.toFixed(1)} s`.padStart(9);

/**
 * The line of one part of a run.
 * @param {Part} part
 */
export const lineOfPart = ({ title, seconds: wall, cpuSeconds }) =>
  `  ${title.padEnd(44)}${seconds(wall)} ${seconds(cpuSeconds)} of CPU`;

/**
 * The parts of a whole run. Parts run at the same time, so that the sum of their seconds exceeds the seconds of the run.
 * @param {Partial<Part>[]} results
 * @param {number} wall
 */
export function tableOfParts(results, wall) {
  const parts = results.filter(isPart);
  if (parts.length < 2) return [];
  const cpuSeconds = parts.reduce((total, part) => total + part.cpuSeconds, 0);
  return ['', 'Seconds', ...parts.map(lineOfPart), lineOfPart({ title: 'the whole run', seconds: wall, cpuSeconds })];
}

/**
 * @template {Partial<Part>} T
 * @param {T} result
 * @returns {result is T & Part}
 */
export const isPart = (result) => result.title !== undefined;

/**
 * The end of a run: the failures with their messages, then one line that counts.
 * @param {Counts} counts
 * @param {string} root
 */
export function closingLines({ passed, failed, skipped, failures }, root) {
  const count = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  if (failures.length === 0) return [count];
  const shown = failures.slice(0, SHOWN).flatMap((failure) => ['', ...linesOf(failure, root)]);
  const more = failures.slice(SHOWN).map(({ name }) => `FAILED ${name}`);
  return ['', 'Failures', ...shown, ...(more.length > 0 ? ['', ...more] : []), '', count];
}

/**
 * @param {Failure} failure
 * @param {string} root
 */
function linesOf({ name, file, message }, root) {
  const lines = message
    .trimEnd()
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line));
  const cut = lines.length > LINES ? [...lines.slice(0, LINES), `… ${lines.length - LINES} more lines above`] : lines;
  return [`FAILED ${name}${file ? ` (${file.replace(`${root}/`, '')})` : ''}`, ...cut.map((line) => `  ${line}`)];
}
