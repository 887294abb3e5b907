import './start/require-node.mjs';
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { ROOT } from './start/root.mjs';
import { countFlowFiles } from './structure/flows.mjs';

const SHARED_TABLES = [
  'accounts',
  'account_events',
  'connect_attempts',
  'exchange_intents',
  'grants',
  'oauth_apps',
  'outbox',
];

/** Prints figures about the shape of the source: sizes, writers of the shared tables, files on the path of three flows. */
const sources = execFileSync('git', ['ls-files', 'apps', 'libs'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts') && !/spec\.ts$|\/testing\//.test(path))
  .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));

const lines = sources.map(({ text }) => text.trimEnd().split('\n').length).sort((a, b) => a - b);
/** @param {number} share */
const quantile = (share) => lines[Math.floor((lines.length - 1) * share)];
const sum = lines.reduce((total, count) => total + count, 0);

console.log(`files            ${lines.length}, ${sum} lines`);
console.log(`lines of a file  median ${quantile(0.5)}, p90 ${quantile(0.9)}, longest ${lines.at(-1)}`);
console.log(
  `20 lines or less ${lines.filter((count) => count <= 20).length}; over 250: ${lines.filter((count) => count > 250).length}`,
);
for (const table of SHARED_TABLES) console.log(`writers of ${table.padEnd(17)} ${writersOf(table).join(', ')}`);
if (!process.argv.includes('--static'))
  for (const [flow, count] of Object.entries(await countFlowFiles()))
    console.log(`files on the path of ${flow.padEnd(8)} ${count}`);

/** @param {string} table */
function writersOf(table) {
  const writes = new RegExp(`(?:insert into|update|delete from|merge into)\\s+(?:only\\s+)?${table}\\b`, 'i');
  return sources
    .filter(({ path, text }) => !path.includes('/migrations/') && writes.test(text))
    .map(({ path }) => path);
}
