import { readFileSync } from 'node:fs';

/**
 * What is wrong with a version of Node, in a sentence; undefined where it is supported.
 * @param {string} version
 * @param {string} required `>=` and a version
 */
export function nodeProblem(version, required) {
  const least = required.replace('>=', '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Evergrant needs Node ${least} or newer, and this is Node ${version}: install a newer one from https://nodejs.org, then run npm ci.`;
}

// The scripts import this file first: on an old Node their own modules fail with an error that names no version.
const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const problem = nodeProblem(process.versions.node, engines.node);
if (problem) {
  console.error(problem);
  process.exit(1);
}
