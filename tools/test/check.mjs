import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../start/root.mjs';
import { runMeasured } from './measured.mjs';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`;

/** Runs a script of package.json; one that fails counts as one failed test. */
export async function check(script, { inIdleTime } = {}) {
  const env = { ...process.env, PATH };
  const { code, output, ...spent } = await runMeasured(['sh', '-c', scripts[script]], {
    env,
    inIdleTime,
    output: 'pipe',
  });
  const failures = code === 0 ? [] : [{ name: `${script} fails`, message: output }];
  if (code !== 0) console.error(`\n${script} fails\n${output}`);
  return { title: script, ...spent, passed: 0, failed: failures.length, skipped: 0, failures };
}
