import { beforeAll, describe, expect, it } from '@jest/globals';
import { findBreaches, type Rule } from './support/architecture/rule.js';
import { rules } from './support/architecture/rules.js';
import { breaking, keeping } from './support/architecture/snippets.js';
import { readTree, type Tree, treeOf } from './support/architecture/tree.js';
import { platformsOf } from './support/architecture/words.js';

const ruleOf = (name: string): Rule => rules.find((rule) => rule.name === name)!;

describe('the architecture', () => {
  let tree: Tree;

  beforeAll(() => {
    tree = readTree();
  });

  it.each(rules)('keeps the rule "$name": $sentence', (rule) => {
    expect(findBreaches(rule, tree)).toEqual([]);
  });

  it('has platforms whose names it could look for', () => {
    expect(platformsOf(tree)).toEqual(expect.arrayContaining(['tiktok', 'x']));
  });
});

describe('the rules of the architecture', () => {
  it.each(breaking)('the rule "%s" finds %s', (name, _what, files) => {
    expect(findBreaches(ruleOf(name), treeOf(files))).toEqual([expect.stringContaining(ruleOf(name).sentence)]);
  });

  it.each(keeping)('the rule "%s" accepts %s', (name, _what, files) => {
    expect(findBreaches(ruleOf(name), treeOf(files))).toEqual([]);
  });

  it('a breach names the file, the fault and the reason', () => {
    const broken = treeOf({ 'libs/tokens/src/refresh.ts': `import { Job } from 'bullmq';` });
    expect(findBreaches(ruleOf('plain tokens'), broken)).toEqual([
      'libs/tokens/src/refresh.ts imports bullmq: libs/tokens and libs/exchanger, with all they load, are plain TypeScript on pg, because the exchanger is a small process: no Nest, no TypeORM, no queue',
    ]);
  });

  it.each(rules)('the rule "$name" has a snippet that breaks it and one that keeps it', ({ name }) => {
    expect([breaking, keeping].map((snippets) => snippets.some(([rule]) => rule === name))).toEqual([true, true]);
  });

  it('every rule has a name of its own', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });
});
