import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { ROOT } from '../start/root.mjs';

/**
 * Each `add` function returns the text of a TypeScript source with one addition, and throws if the place for it is missing.
 * The syntax tree gives the places, so layout and order of a file do not matter.
 */

/**
 * Imports a name, with a new import declaration if the file does not import from the module yet.
 * @param {string} text
 * @param {string} name
 * @param {string} module
 */
export function addImport(text, name, module) {
  const imports = statementsOf(text).filter((node) => ts.isImportDeclaration(node));
  const same = imports.find((node) => isText(node.moduleSpecifier, module) && node.importClause?.namedBindings);
  const bindings = same?.importClause?.namedBindings;
  if (bindings && ts.isNamedImports(bindings)) return addInOrder(text, bindings.elements, name);
  return addStatement(text, imports, `import { ${name} } from '${module}';`);
}

/**
 * Exports a name, from a module or of the file itself.
 * @param {string} text
 * @param {string} name
 * @param {string} [module]
 */
export function addExport(text, name, module) {
  const exports = statementsOf(text)
    .filter((node) => ts.isExportDeclaration(node))
    .filter((node) => !node.isTypeOnly);
  const same = exports.find((node) => (module ? isText(node.moduleSpecifier, module) : !node.moduleSpecifier));
  if (same?.exportClause && ts.isNamedExports(same.exportClause))
    return addInOrder(text, same.exportClause.elements, name);
  const statement = `export { ${name} }${module ? ` from '${module}'` : ''};`;
  const others = exports.filter((node) => node.moduleSpecifier);
  return module && others.length > 0 ? addStatement(text, others, statement) : `${text.trimEnd()}\n${statement}\n`;
}

/**
 * Adds an element to the array of a constant.
 * @param {string} text
 * @param {string} constant
 * @param {string} element
 */
export function addToArray(text, constant, element) {
  const declaration = find(text, ts.isVariableDeclaration, (node) => node.name.getText() === constant);
  const array = arrayOf(declaration?.initializer);
  if (!array) throw new Error(`there is no array ${constant}: add ${element} by hand`);
  return addElement(text, array.elements, element);
}

/**
 * Adds a class to the providers of the module in the file.
 * @param {string} text
 * @param {string} name
 */
export function addProvider(text, name) {
  const property = find(text, ts.isPropertyAssignment, (node) => node.name.getText() === 'providers');
  const array = arrayOf(property?.initializer);
  if (!array) throw new Error(`there is no list of providers: add ${name} by hand`);
  return addElement(text, array.elements, name);
}

/**
 * Adds statements before the module class of the file.
 * @param {string} text
 * @param {string} added
 */
export function addBeforeModule(text, added) {
  const module = statementsOf(text).find(
    (node) => ts.isClassDeclaration(node) && ts.getDecorators(node)?.some((one) => /^@Module\b/.test(one.getText())),
  );
  if (!module) throw new Error('there is no class with @Module: add the handler by hand');
  return insert(text, module.getStart(), added);
}

/**
 * Adds a row to the first table below a paragraph of a Markdown page.
 * @param {string} page
 * @param {string} paragraph how it begins
 * @param {string} row
 */
export function addTableRow(page, paragraph, row) {
  const start = page.indexOf(`\n${paragraph}`);
  const [table] = /(?<=\n\n)(?:\|.*\n)+/.exec(start < 0 ? '' : page.slice(start)) ?? [];
  if (!table) throw new Error(`there is no table below "${paragraph}": add ${row} by hand`);
  return insert(page, page.indexOf(table, start) + table.length, `${row}\n`);
}

/**
 * A text as the formatter writes it in this repository; it leaves pages as they are.
 * @param {string} text
 * @param {string} path of the file, from the root of the repository
 */
export async function formatSource(text, path) {
  if (path.endsWith('.md')) return text;
  return format(text, { ...(await resolveConfig(join(ROOT, path))), filepath: path });
}

/** @param {string} text */
const parse = (text) => ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2022, true);
/** @param {string} text */
const statementsOf = (text) => [...parse(text).statements];

/**
 * The first node of a kind for which `matches` holds.
 * @template {ts.Node} T
 * @param {string} text
 * @param {(node: ts.Node) => node is T} isKind
 * @param {(node: T) => boolean} matches
 * @returns {T | undefined}
 */
function find(text, isKind, matches) {
  /**
   * @param {ts.Node} node
   * @returns {T | undefined}
   */
  const search = (node) => (isKind(node) && matches(node) ? node : ts.forEachChild(node, search));
  return search(parse(text));
}

/**
 * The array literal of an expression, which `as const` may follow.
 * @param {ts.Expression} [expression]
 */
function arrayOf(expression) {
  const literal = expression && ts.isAsExpression(expression) ? expression.expression : expression;
  return literal && ts.isArrayLiteralExpression(literal) ? literal : undefined;
}

/**
 * @param {ts.Expression | undefined} expression
 * @param {string} text
 */
const isText = (expression, text) =>
  expression !== undefined && ts.isStringLiteral(expression) && expression.text === text;

/**
 * The formatter moves the element to a new line if necessary.
 * @param {string} text
 * @param {ts.NodeArray<ts.Node>} elements
 * @param {string} element
 */
function addElement(text, elements, element) {
  const last = elements.at(-1);
  return last ? insert(text, last.end, `, ${element}`) : insert(text, elements.pos, element);
}

/**
 * Adds a name to names in alphabetical order: before the first one that comes after it.
 * @param {string} text
 * @param {ts.NodeArray<ts.ImportSpecifier> | ts.NodeArray<ts.ExportSpecifier>} elements
 * @param {string} name
 */
function addInOrder(text, elements, name) {
  const next = [...elements].find((element) => isAfter(element.name.text, name));
  return next ? insert(text, next.getStart(), `${name}, `) : addElement(text, elements, name);
}

/**
 * Adds an import or export to its kind: before the first statement whose module comes after its own, otherwise at the end.
 * @param {string} text
 * @param {(ts.ImportDeclaration | ts.ExportDeclaration)[]} statements
 * @param {string} statement
 */
function addStatement(text, statements, statement) {
  const moduleOf = (/** @type {string} */ one) => /'([^']*)';?$/.exec(one)?.[1] ?? '';
  const own = moduleOf(statement);
  const next = statements.find((node) => {
    const other = moduleOf(node.getText());
    return other.startsWith('.') === own.startsWith('.') && isAfter(other, own);
  });
  return next
    ? insert(text, next.getStart(), `${statement}\n`)
    : insert(text, statements.at(-1)?.end ?? 0, `\n${statement}`);
}

/**
 * @param {string} a
 * @param {string} b
 */
const isAfter = (a, b) => a.localeCompare(b, 'en', { sensitivity: 'base' }) > 0;

/**
 * @param {string} text
 * @param {number} position
 * @param {string} added
 */
const insert = (text, position, added) => text.slice(0, position) + added + text.slice(position);
