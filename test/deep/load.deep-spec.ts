import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const LIMIT_MS = 170_000;

describe('the load bench', () => {
  it(
    'finds no list and no search that is far slower than it was, beside a bare handler',
    async () => {
      const child = spawn(process.execPath, ['bench/load.mjs', 'list', 'search', '--short'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining('first page to bare') as unknown as string,
      });
    },
    LIMIT_MS,
  );
});
