import { beforeAll, describe, expect, it } from '@jest/globals';
import { judge, type Rule } from './support/architecture/rule.js';
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

  it.each(rules)('$name: $sentence', (rule) => {
    expect(judge(rule, tree)).toEqual([]);
  });

  it('has platforms whose names it could look for', () => {
    expect(platformsOf(tree)).toEqual(expect.arrayContaining(['tiktok', 'x']));
  });
});

describe('the rules of the architecture', () => {
  it.each(breaking)('%s: finds %s', (name, _what, files) => {
    expect(judge(ruleOf(name), treeOf(files))).toEqual([expect.stringContaining(ruleOf(name).sentence)]);
  });

  it.each(keeping)('%s: lets pass %s', (name, _what, files) => {
    expect(judge(ruleOf(name), treeOf(files))).toEqual([]);
  });

  it('name the file, what it did and why it may not', () => {
    const broken = treeOf({ 'libs/tokens/src/refresh.ts': `import { Job } from 'bullmq';` });
    expect(judge(ruleOf('plain tokens'), broken)).toEqual([
      'libs/tokens/src/refresh.ts imports bullmq: libs/tokens and libs/exchanger, with all they load, are plain TypeScript on pg, because the exchanger is a small process: no Nest, no TypeORM, no queue',
    ]);
  });

  it.each(rules)('$name is seen to fail and to hold', ({ name }) => {
    expect([breaking, keeping].map((snippets) => snippets.some(([rule]) => rule === name))).toEqual([true, true]);
  });

  it('have each its own name', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });
});
