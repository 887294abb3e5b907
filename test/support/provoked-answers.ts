import ts from 'typescript';
import { textsOfBlock } from './describe-titles.js';

/** The full name of a test with each status that it names. */
export interface Provoked {
  title: string;
  statuses: number[];
}

/**
 * The tests of a file whose names contain the answer: `answers 401 without a credential and 403 with the required scope`. The
 * tests of a function of the file, whose name begins with `it`, belong to each block that calls it.
 */
export function findProvokedAnswers(text: string): Provoked[] {
  const file = ts.createSourceFile('answers.ts', text, ts.ScriptTarget.Latest, true);
  const added = file.statements
    .filter(ts.isFunctionDeclaration)
    .filter(({ name }) => /^it[A-Z]/.test(name?.text ?? ''));
  const functions = new Map(added.map((one) => [one.name?.text, one.body]));
  const found: Provoked[] = [];
  const visitAll = (node: ts.Node, within: readonly string[]): void => {
    ts.forEachChild(node, (child) => {
      visit(child, within);
    });
  };
  const visit = (node: ts.Node, within: readonly string[]): void => {
    if (ts.isFunctionDeclaration(node)) return;
    if (!ts.isCallExpression(node)) {
      visitAll(node, within);
      return;
    }
    found.push(...textsOfBlock(node, 'it').map((name) => provoked([...within, name].join(' '))));
    const called = functions.get(node.expression.getText());
    if (called) visitAll(called, within);
    const titles = textsOfBlock(node, 'describe');
    if (titles.length === 0) visitAll(node, within);
    for (const title of titles) visitAll(node, [...within, title]);
  };
  visit(file, []);
  return found.filter(({ statuses }) => statuses.length > 0);
}

const provoked = (title: string): Provoked => ({
  title,
  statuses: [...(/ answers? .*/.exec(title)?.[0] ?? '').matchAll(/\b[2-5]\d\d\b/g)].map(([status]) => Number(status)),
});
