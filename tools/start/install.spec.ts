import { describe, expect, it } from '@jest/globals';
import { isComplete } from './install.mjs';

const here = { optional: true, os: [process.platform], cpu: [process.arch] };
const required = {
  '': { version: '0.2.0' },
  'node_modules/pg': { version: '8.0.0' },
  'node_modules/jest': { version: '30.0.0', dev: true },
  'node_modules/native-here': { version: '1.0.0', ...here },
  'node_modules/native-elsewhere': { version: '1.0.0', ...here, os: ['plan9'] },
  'node_modules/may-fail': { version: '1.0.0', optional: true },
};
const { 'node_modules/jest': jest, 'node_modules/native-here': native, ...rest } = required;
const toRun = { ...rest, 'node_modules/native-here': native };

describe('an install', () => {
  it('is complete with what runs, unless all was requested', () => {
    expect(isComplete(required, toRun, false)).toBe(true);
    expect(isComplete(required, toRun, true)).toBe(false);
    expect(isComplete(required, { ...toRun, 'node_modules/jest': jest }, true)).toBe(true);
  });

  it('is complete for running when a developer has more', () => {
    expect(
      isComplete(required, { ...toRun, 'node_modules/jest': jest, 'node_modules/tool': { version: '1.0.0' } }, false),
    ).toBe(true);
  });

  it('lacks a package of another version', () => {
    expect(isComplete(required, { ...toRun, 'node_modules/pg': { version: '7.0.0' } }, false)).toBe(false);
  });

  it('lacks binaries that were installed for another machine', () => {
    expect(isComplete(required, rest, false)).toBe(false);
  });
});
