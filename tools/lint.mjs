import './start/require-node.mjs';
import { spawnSync } from 'node:child_process';
import { ROOT } from './start/root.mjs';

const fix = process.argv.includes('--fix');

// Each linter runs although the one before found something, so that one run reports everything.
const LINTERS = [
  ['oxlint/bin/oxlint', ...(fix ? ['--fix'] : [])],
  [
    'prettier/bin/prettier.cjs',
    '--cache',
    '--cache-strategy',
    'content',
    '--log-level',
    'warn',
    fix ? '--write' : '--check',
    '.',
  ],
];

for (const [program, ...args] of LINTERS) {
  const { status } = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
