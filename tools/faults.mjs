import './start/require-node.mjs';
import { readFileSync } from 'node:fs';
import { CommandError } from './start/run.mjs';
import { install } from './start/install.mjs';
import { build } from './start/build.mjs';
import { printStep } from './start/steps.mjs';

/** Needs nothing installed. */
function printHelp() {
  process.stdout.write(readFileSync(new URL('../test/faults/help.txt', import.meta.url)));
}

/** @param {string[]} args */
async function strike(args) {
  await printStep('install', () =>
    install({ all: true, onBegin: () => console.log('  installing what package-lock.json names') }),
  );
  await printStep('build', () => build());
  await import('./faults/register.mjs');
  const { main } = await import('../test/faults/main.js');
  return main(args);
}

try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) printHelp();
  else process.exitCode = await strike(args);
} catch (error) {
  console.error(error instanceof CommandError ? error.message : error);
  process.exitCode = 1;
}
