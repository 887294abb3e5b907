import ts from 'typescript';

/**
 * Each function returns the text of a TypeScript source with one addition, and throws if the place for it is missing. The
 * syntax tree gives the places, so layout and order of a file do not matter.
 */

/** Imports a name, with a new import declaration if the file does not import from the module yet. @param {string} text @param {string} name @param {string} module */
export function addImport(text, name, module) {
  const imports = statementsOf(text).filter((node) => ts.isImportDeclaration(node));
  const same = imports.find((node) => isFrom(node, module) && node.importClause?.namedBindings);
  const bindings = same?.importClause?.namedBindings;
  if (bindings && ts.isNamedImports(bindings)) return addElement(text, bindings.elements, name);
  return insert(text, imports.at(-1)?.end ?? 0, `\nimport { ${name} } from '${module}';`);
}

/** Exports a name, from a module or of the file itself. @param {string} text @param {string} name @param {string} [module] */
export function addExport(text, name, module) {
  const exports = statementsOf(text).filter((node) => ts.isExportDeclaration(node) && !node.isTypeOnly);
  const same = exports.find((node) => (module ? isFrom(node, module) : !node.moduleSpecifier));
  if (same?.exportClause && ts.isNamedExports(same.exportClause))
    return addElement(text, same.exportClause.elements, name);
  return `${text.trimEnd()}\nexport { ${name} }${module ? ` from '${module}'` : ''};\n`;
}

/** Adds an element to the array of a constant. @param {string} text @param {string} constant @param {string} element */
export function addToArray(text, constant, element) {
  const declaration = find(text, (node) => ts.isVariableDeclaration(node) && node.name.getText() === constant);
  if (!declaration?.initializer || !ts.isArrayLiteralExpression(declaration.initializer))
    throw new Error(`there is no array ${constant}: add ${element} by hand`);
  return addElement(text, declaration.initializer.elements, element);
}

/** Adds a class to the providers of the module in the file. @param {string} text @param {string} name */
export function addProvider(text, name) {
  const property = find(text, (node) => ts.isPropertyAssignment(node) && node.name.getText() === 'providers');
  if (!property || !ts.isArrayLiteralExpression(property.initializer))
    throw new Error(`there is no list of providers: add ${name} by hand`);
  return addElement(text, property.initializer.elements, name);
}

/** Adds statements before the module class of the file. @param {string} text @param {string} added */
export function addBeforeModule(text, added) {
  const module = statementsOf(text).find(
    (node) => ts.isClassDeclaration(node) && ts.getDecorators(node)?.some((one) => /^@Module\b/.test(one.getText())),
  );
  if (!module) throw new Error('there is no class with @Module: add the handler by hand');
  return insert(text, module.getStart(), added);
}

/** @param {string} text */
const parse = (text) => ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2022, true);
/** @param {string} text */
const statementsOf = (text) => [...parse(text).statements];

function find(text, matches) {
  const search = (node) => (matches(node) ? node : ts.forEachChild(node, search));
  return search(parse(text));
}

const isFrom = (node, module) =>
  node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) && node.moduleSpecifier.text === module;

/** The formatter moves the element to a new line if necessary. */
function addElement(text, elements, element) {
  const last = elements.at(-1);
  return last ? insert(text, last.end, `, ${element}`) : insert(text, elements.pos, element);
}

const insert = (text, position, added) => text.slice(0, position) + added + text.slice(position);
