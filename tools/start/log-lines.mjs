const WIDTH = 9;
/** @type {Partial<Record<string, number>>} */
const COLOURS = {
  api: 36,
  worker: 35,
  exchanger: 32,
  sandbox: 33,
  postgres: 34,
  warn: 33,
  error: 31,
  fatal: 31,
  dim: 90,
};
/**
 * An error as the logger serializes it, and a log line.
 * @typedef {{ type?: string, message?: string, stack?: string, cause?: LoggedError }} LoggedError
 * @typedef {{ level: string, time: string, msg?: string, err?: LoggedError, [field: string]: unknown }} LogEvent
 */

const ENVELOPE = new Set(['level', 'time', 'app', 'msg', 'err', 'pid', 'hostname']);
const inColour = process.stdout.isTTY && !process.env.NO_COLOR;

/**
 * Returns a function that takes the text of a stream in pieces and calls `onLine` for each whole line.
 * @param {(line: string) => void} onLine
 * @returns {(text: string) => void}
 */
export function splitLines(onLine) {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}

/**
 * Prints a line of a process for a person to read.
 * @param {string} name
 * @param {string} line
 */
export const printLine = (name, line) => console.log(readableLine(name, line));

/**
 * A line of a process as a person reads it: JSON log lines become `api       12:30:01.204 info message key=value`.
 * @param {string} name
 * @param {string} line
 */
export function readableLine(name, line) {
  const prefix = paint(name, name.padEnd(WIDTH));
  return formatEvent(line)
    .split('\n')
    .map((part) => `${prefix} ${part}`)
    .join('\n');
}

/** @param {string} line */
function formatEvent(line) {
  const event = parse(line);
  if (!event) return line;
  const fields = Object.entries(event)
    .filter(([key]) => !ENVELOPE.has(key))
    .map(([key, value]) => `${key}=${show(value)}`);
  const time = new Date(event.time).toISOString().slice(11, 23);
  const head = `${paint('dim', time)} ${paint(event.level, String(event.level).padEnd(5))} ${event.msg ?? ''}`;
  return [[head, ...fields].join(' ').trimEnd(), ...withoutStack(event, errorLines(event.err))].join('\n');
}

/**
 * A process that cannot start reports the reason in its message. A stack would hide it, unless the error is one of the program.
 * @param {LogEvent} event
 * @param {string[]} lines
 */
function withoutStack({ msg, err }, lines) {
  const isOfProgram = /^(Type|Range|Reference|Syntax)Error$/.test(err?.type ?? '');
  if (msg !== 'process.start_failed' || isOfProgram || /^(debug|trace)$/.test(process.env.LOG_LEVEL ?? ''))
    return lines;
  return lines.filter((line) => !/^ +at /.test(line));
}

/**
 * @param {LoggedError} [error]
 * @returns {string[]}
 */
function errorLines(error) {
  if (!error) return [];
  const text = error.stack ?? `${error.type}: ${error.message}`;
  const cause = errorLines(error.cause).map((line) => line.replace(/^ {2}(?=\S)/, '  caused by '));
  return [...text.split('\n').map((line) => `  ${line}`), ...cause];
}

/**
 * @param {string} line
 * @returns {LogEvent | undefined}
 */
function parse(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    const event = JSON.parse(line);
    return event.level && !Number.isNaN(Date.parse(event.time)) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} value */
const show = (value) => (typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value));
/**
 * @param {string} name
 * @param {string} text
 */
const paint = (name, text) => (inColour && COLOURS[name] ? `\u001b[${COLOURS[name]}m${text}\u001b[0m` : text);
