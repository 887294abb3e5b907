import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { cutText } from './broken-tree.js';
import { type Cut, SABOTAGES } from './sabotages.js';

const COMPILED = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
const built = ({ file }: Cut): string =>
  ts.transpileModule(readFileSync(file.replace(/\.js$/, '.ts'), 'utf8'), { compilerOptions: COMPILED }).outputText;

describe('a defect that a check must detect', () => {
  it.each(SABOTAGES)('changes the current code of the product: $name', ({ cuts }) => {
    for (const cut of cuts) expect(cutText(built(cut), cut)).not.toBe(built(cut));
  });
});
