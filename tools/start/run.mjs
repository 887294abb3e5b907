import { spawn } from 'node:child_process';
import { StartError } from './errors.mjs';

/**
 * @typedef {{ env?: NodeJS.ProcessEnv, cwd?: string, onStart?: (pid: number) => void }} RunOptions
 * @typedef {(command: string, args: string[], options?: RunOptions) => Promise<string>} Run
 */

/**
 * Runs a program to its end and returns what it wrote to stdout; throws a CommandError with its whole output when it fails.
 * The program leads a process group of its own, so that Ctrl-C reaches this process first; `onStart` gets its number.
 * @type {Run}
 */
export function run(command, args, { env, cwd, onStart } = {}) {
  return new Promise((settle, fail) => {
    const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', fail);
    child.once('spawn', () => child.pid !== undefined && onStart?.(child.pid));
    child.once('close', (code, signal) => {
      if (code === 0) settle(stdout);
      else fail(new CommandError([command, ...args].join(' '), signal ?? `code ${code}`, `${stdout}${stderr}`.trim()));
    });
  });
}

/** A program that failed; `output` is what it wrote. */
export class CommandError extends StartError {
  /** @override */
  name = 'CommandError';

  /**
   * @param {string} command
   * @param {string} ending
   * @param {string} output
   */
  constructor(command, ending, output) {
    super(`${command} ended with ${ending}\n${output}`);
    this.output = output;
  }
}
