import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { findNamings, REGISTRIES } from './namings.mjs';
import { templates } from './templates.mjs';

/** The name stands in URLs and in rows. */
const NAME = /^[a-z][a-z0-9]{0,31}$/;
/** The rule for the names of custom providers. */
const NEEDED = 'it must be 2 to 32 lower-case letters and digits and begin with a letter';
const TEST = /\.(spec|int-spec|e2e-spec)\.ts$/;
const SHOWN = 3;
const PLACEHOLDER = 'aplatform';

/**
 * Throws, with the reason, at a name that no new provider can have. Writes nothing.
 * @param {string} root
 * @param {string} name
 */
export function checkName(root, name) {
  const reason = reasonsAgainst(root, name).next().value;
  if (reason) throw new Error(`"${name}" cannot be a provider's name: ${reason}`);
}

/**
 * The reasons against a name, the most specific one first.
 * @param {string} root
 * @param {string} name
 * @returns {Generator<string, void>}
 */
function* reasonsAgainst(root, name) {
  if (!NAME.test(name)) return yield NEEDED;
  if (isReserved(name)) yield 'it is a reserved word of the language, and a definition is exported under its name';
  yield* reasonsOfFolders(join(root, 'libs/providers/src'), name);
  if (name.length === 1) return yield `${NEEDED}; the sources use single letters for other things`;
  yield* reasonsOfWords(root, name);
  if (isWrittenByTemplates(name)) yield 'the files that would be written use that word for something else';
}

/**
 * The scanner recognizes the language's words; `await` and the like are reserved in modules only.
 * @param {string} name
 */
function isReserved(name) {
  const kind = ts.createScanner(ts.ScriptTarget.Latest, true, undefined, name).scan();
  const isKeyword = kind >= ts.SyntaxKind.FirstReservedWord && kind <= ts.SyntaxKind.LastFutureReservedWord;
  return isKeyword || ['await', 'arguments', 'eval', 'undefined', 'async', 'of'].includes(name);
}

/**
 * @param {string} sources
 * @param {string} name
 * @returns {Generator<string, void>}
 */
function* reasonsOfFolders(sources, name) {
  if (existsSync(join(sources, name, `${name}.provider.ts`))) return yield 'there is a provider of that name already';
  if (existsSync(join(sources, name)))
    return yield `there is a folder libs/providers/src/${name} already, which holds no provider`;
  for (const provider of readdirSync(sources)) {
    const definition = join(sources, provider, `${provider}.provider.ts`);
    const aliases = existsSync(definition)
      ? /alsoCalled: \[([^\]]*)\]/.exec(readFileSync(definition, 'utf8'))?.[1]
      : undefined;
    if (aliases?.split(',').some((alias) => alias.trim().slice(1, -1) === name))
      yield `"${provider}" is found under it too (alsoCalled)`;
  }
}

/** @param {string} name */
const isWrittenByTemplates = (name) =>
  Object.entries(templates(PLACEHOLDER)).some(
    ([file, text]) => file.endsWith('.ts') && sourceOf(file, text).identifiers().includes(name),
  );

/**
 * The rule "platforms at home" of the architecture, applied before there is such a platform.
 * @param {string} root
 * @param {string} name
 * @returns {Generator<string, void>}
 */
function* reasonsOfWords(root, name) {
  const files = ['apps', 'libs']
    .flatMap((folder) => productionFiles(root, folder))
    .filter((path) => !REGISTRIES.includes(path));
  const named = files.flatMap((path) =>
    findNamings(sourceOf(path, readFileSync(join(root, path), 'utf8')), name)
      .slice(0, 1)
      .map((word) => `${path} contains ${word}`),
  );
  if (named.length === 0) return;
  const more = named.length > SHOWN ? `, and ${named.length - SHOWN} more` : '';
  yield (
    `the sources use that word, and no file outside a provider's folder may contain its name (test/architecture.spec.ts). ` +
    `${named.length === 1 ? 'One file does' : `${named.length} files do`}: ${named.slice(0, SHOWN).join(', ')}${more}`
  );
}

/**
 * @param {string} root
 * @param {string} folder
 */
function productionFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.ts') && !TEST.test(path)).map((path) => `${folder}/${path}`);
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {import('./namings.mjs').NamingSource}
 */
function sourceOf(path, text) {
  /** @type {ts.Node[] | undefined} */
  let nodes;
  const all = () => (nodes ??= nodesOf(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)));
  return {
    text,
    identifiers: () =>
      all()
        .filter((node) => ts.isIdentifier(node))
        .map((node) => node.text),
    literals: () =>
      all()
        .filter(
          (node) => ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node),
        )
        .map((node) => node.text),
  };
}

/**
 * A node and all nodes below it.
 * @param {ts.Node} root
 */
function nodesOf(root) {
  const found = [root];
  /** @param {ts.Node} node */
  const collect = (node) => {
    found.push(node);
    ts.forEachChild(node, collect);
  };
  ts.forEachChild(root, collect);
  return found;
}
