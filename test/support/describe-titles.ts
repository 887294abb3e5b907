import ts from 'typescript';

/**
 * The titles of the blocks of a test file, as Jest shows them: each `%s` of `describe.each([…])` is replaced by the texts of
 * the list. Titles that are not written out are left out.
 */
export function findDescribeTitles(text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) titles.push(...titlesOf(node));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('titles.ts', text, ts.ScriptTarget.Latest, true));
  return titles;
}

function titlesOf({ expression: callee, arguments: given }: ts.CallExpression): string[] {
  const [title] = given;
  if (!title || !ts.isStringLiteralLike(title)) return [];
  if (callee.getText() === 'describe') return [title.text];
  return rowsOf(callee).map((row) => title.text.replace('%s', row));
}

/** The texts of the list in `describe.each([…])`. */
function rowsOf(callee: ts.Expression): string[] {
  if (!ts.isCallExpression(callee) || callee.expression.getText() !== 'describe.each') return [];
  const [table] = callee.arguments;
  if (!table || !ts.isArrayLiteralExpression(table)) return [];
  return table.elements.filter(ts.isStringLiteralLike).map(({ text }) => text);
}
