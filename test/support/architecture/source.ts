import ts from 'typescript';

/** One import or re-export of a module by another. */
export interface Import {
  specifier: string;
  /** What is taken as a value; `*` for a namespace, a default or an import for its effects. */
  values: string[];
  /** Erased by the compiler as a whole (`import type`). */
  erased: boolean;
}

/** A file of TypeScript as the rules see it. */
export interface Source {
  path: string;
  text: string;
  ast: ts.SourceFile;
  imports: Import[];
}

export function parseSource(path: string, text: string): Source {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  return { path, text, ast, imports: [...nodesOf(ast)].flatMap(importOf) };
}

const nodesByFile = new WeakMap<ts.SourceFile, readonly ts.Node[]>();

/** Every node of a file, in the order of the text; collected once, as a dozen rules read them. */
export function nodesOf(file: ts.SourceFile): readonly ts.Node[] {
  const known = nodesByFile.get(file);
  if (known) return known;
  const nodes: ts.Node[] = [];
  const collect = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, collect);
  };
  collect(file);
  nodesByFile.set(file, nodes);
  return nodes;
}

/** The text of a string or of a template's fixed parts; undefined for anything else. */
export function literalOf(node: ts.Node): string | undefined {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
    ? node.text
    : undefined;
}

const textOf = (node: ts.Node | undefined): string => (node && ts.isStringLiteralLike(node) ? node.text : '(computed)');

function importOf(node: ts.Node): Import[] {
  if (ts.isImportDeclaration(node))
    return [{ specifier: textOf(node.moduleSpecifier), ...importedBy(node.importClause) }];
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return [{ specifier: textOf(node.moduleSpecifier), values: exportedBy(node), erased: node.isTypeOnly }];
  }
  if (ts.isCallExpression(node) && isLoad(node.expression)) {
    return [{ specifier: textOf(node.arguments[0]), values: ['*'], erased: false }];
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return [{ specifier: textOf(node.argument.literal), values: [], erased: true }];
  }
  return [];
}

function importedBy(clause: ts.ImportClause | undefined): Omit<Import, 'specifier'> {
  if (!clause) return { values: ['*'], erased: false };
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return { values: [], erased: true };
  const named = clause.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
  const whole = clause.name ?? (clause.namedBindings && ts.isNamespaceImport(clause.namedBindings));
  return { values: [...(whole ? ['*'] : []), ...valuesOf(named)], erased: false };
}

function exportedBy(node: ts.ExportDeclaration): string[] {
  if (node.isTypeOnly) return [];
  return node.exportClause && ts.isNamedExports(node.exportClause) ? valuesOf(node.exportClause.elements) : ['*'];
}

function valuesOf(names: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): string[] {
  return names.filter((name) => !name.isTypeOnly).map((name) => (name.propertyName ?? name.name).text);
}

const isLoad = (callee: ts.Expression): boolean =>
  callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
