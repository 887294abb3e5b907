import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../start/root.mjs';
import { CommandError, run } from '../start/run.mjs';
import { printStep } from '../start/steps.mjs';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`;

/** Runs a script of package.json; one that complains counts as a failed test. */
export async function check(script) {
  try {
    await printStep(script, () => run('sh', ['-c', scripts[script]], { cwd: ROOT, env: { ...process.env, PATH } }));
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(`\n${script} complains\n${error.output}`);
    return { passed: 0, failed: 1, skipped: 0, failures: [{ name: `${script} complains`, message: error.output }] };
  }
}
