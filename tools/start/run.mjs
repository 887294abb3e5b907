import { spawn } from 'node:child_process';
import { StartError } from './start-error.mjs';

/**
 * Runs a program to its end and gives what it wrote to stdout. Throws when it fails, with all that it said. It leads a process group of its own, so that Ctrl-C reaches us first; `onStart` learns its number.
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, onStart?: (pid: number) => void  }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { env, cwd, onStart } = {}) {
  return new Promise((settle, fail) => {
    const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', fail);
    child.once('spawn', () => onStart?.(child.pid));
    child.once('close', (code, signal) => {
      if (code === 0) settle(stdout);
      else fail(new CommandError([command, ...args].join(' '), signal ?? `code ${code}`, `${stdout}${stderr}`.trim()));
    });
  });
}

/** A program that failed; `output` is what it wrote. */
export class CommandError extends StartError {
  name = 'CommandError';

  constructor(command, ending, output) {
    super(`${command} ended with ${ending}\n${output}`);
    this.output = output;
  }
}
