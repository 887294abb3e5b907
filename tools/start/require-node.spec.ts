import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nodeProblem } from './require-node.mjs';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const tools = [...new Set(Object.values(scripts).flatMap((script) => /\btools\/\S+\.mjs/.exec(script) ?? []))];
const OLD =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.20.4"}})';

describe('the version of Node', () => {
  it.each(['18.20.4', '20.18.3', '20.9.0', '4.0.0'])('is too old: %s', (version) => {
    expect(nodeProblem(version, '>=20.19')).toContain(`needs Node 20.19 or newer, and this is Node ${version}`);
  });

  it.each(['20.19.0', '20.20.2', '22.0.0', '24.11.1'])('is new enough: %s', (version) => {
    expect(nodeProblem(version, '>=20.19')).toBeUndefined();
  });

  it.each(tools)('is the first thing that %s looks at', (path) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', OLD, path], { encoding: 'utf8' });
    expect([status, stdout, stderr.split(',')[0]]).toEqual([1, '', 'Evergrant needs Node 20.19 or newer']);
  });
});
