import { describe, expect, it } from '@jest/globals';
import { readableLine, splitLines } from './log-lines.mjs';

const event = (fields: object) =>
  JSON.stringify({ level: 'info', time: '2026-11-22T12:30:01.204Z', app: 'api', ...fields });

describe('a line of a process', () => {
  it('is printed with its process, its time, its level and its fields', () => {
    expect(readableLine('api', event({ msg: 'connected', accountId: 'acc_1', why: 'two words' }))).toBe(
      'api       12:30:01.204 info  connected accountId=acc_1 why="two words"',
    );
  });

  it('has the stack of its error below, each line with its process', () => {
    const err = {
      type: 'Error',
      message: 'no',
      stack: 'Error: no\n    at here',
      cause: { type: 'DatabaseDown', message: 'gone' },
    };
    expect(readableLine('worker', event({ level: 'error', msg: 'failed', err })).split('\n')).toEqual([
      'worker    12:30:01.204 error failed',
      'worker      Error: no',
      'worker          at here',
      'worker      caused by DatabaseDown: gone',
    ]);
  });

  it('has no stack where a process cannot start, unless the error is one of the program', () => {
    const linesOf = (type: string): string[] => {
      const err = { type, message: 'no', stack: `${type}: no\n    at here` };
      return readableLine('api', event({ level: 'fatal', msg: 'process.start_failed', err })).split('\n');
    };
    expect(linesOf('ConfigError').slice(1)).toEqual(['api         ConfigError: no']);
    expect(linesOf('TypeError').slice(1)).toEqual(['api         TypeError: no', 'api             at here']);
  });

  it.each(['plain words', '{"not": "an event"}', '{broken'])('stays as it is when it is no event: %s', (line) => {
    expect(readableLine('postgres', line)).toBe(`postgres  ${line}`);
  });

  it('is whole, however the stream was cut', () => {
    const lines: string[] = [];
    const write = splitLines((line) => lines.push(line));
    ['one\ntw', 'o\n', 'three'].forEach((text) => write(text));
    expect(lines).toEqual(['one', 'two']);
  });
});
