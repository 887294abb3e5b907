import ts from 'typescript';

/**
 * The titles of the blocks of a test file, as Jest shows them: each `%s` of `describe.each([…])` is replaced by the texts of
 * the list. Titles that are not written out are left out.
 */
export function findDescribeTitles(text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) titles.push(...textsOfBlock(node, 'describe'));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('titles.ts', text, ts.ScriptTarget.Latest, true));
  return titles;
}

/** The titles of a call of `describe` or `it`, none where it is another call. A table without texts leaves the title as it is. */
export function textsOfBlock(
  { expression: callee, arguments: given }: ts.CallExpression,
  block: 'describe' | 'it',
): string[] {
  const [title] = given;
  if (!title || !ts.isStringLiteralLike(title)) return [];
  if (callee.getText() === block) return [title.text];
  if (!ts.isCallExpression(callee) || callee.expression.getText() !== `${block}.each`) return [];
  const rows = rowsOf(callee.arguments[0]);
  return rows.length > 0 ? rows.map((row) => title.text.replace('%s', row)) : block === 'it' ? [title.text] : [];
}

/** The texts of the list in `describe.each([…])`. */
function rowsOf(table: ts.Expression | undefined): string[] {
  if (!table || !ts.isArrayLiteralExpression(table)) return [];
  return table.elements.filter(ts.isStringLiteralLike).map(({ text }) => text);
}
