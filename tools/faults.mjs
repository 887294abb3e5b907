import { CommandError } from './start/run.mjs';
import { install } from './start/install.mjs';
import { build } from './start/build.mjs';
import { printStep } from './start/steps.mjs';
import './faults/register.mjs';

try {
  await printStep('install', () => install({ all: true, onBegin: () => console.log('  installing what package-lock.json names') }));
  await printStep('build', () => build());
  const { main } = await import('../test/faults/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof CommandError ? error.message : error);
  process.exitCode = 1;
}
