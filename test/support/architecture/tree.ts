import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSource, type Source } from './source.js';

/** The repository as the rules read it, or a small one made of text. */
export interface Tree {
  sources: Source[];
  has(path: string): boolean;
  /** A file of JSON; undefined when it is not there. */
  json(path: string): unknown;
}

const FOLDERS = ['apps', 'libs', 'test', 'bench'];
const MAPS = ['package.json', 'nest-cli.json'];

/** The tree of the folder in which the tests run. */
export function readTree(): Tree {
  const paths = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => posix.join(folder, path)),
  );
  return treeOf(Object.fromEntries([...paths, ...MAPS].map((path) => [path, readFileSync(path, 'utf8')])));
}

/** A tree of files by path. */
export function treeOf(files: Record<string, string>): Tree {
  const sources = Object.entries(files).filter(([path]) => path.endsWith('.ts'));
  return {
    sources: sources.map(([path, text]) => parseSource(path, text)),
    has: (path) => path in files,
    json: (path) => (files[path] === undefined ? undefined : (JSON.parse(files[path]) as unknown)),
  };
}

const TEST = /(^test\/|^bench\/|\.(spec|int-spec|e2e-spec|deep-spec)\.ts$)/;

/** Whether a file runs in no process of the service. */
export const isTest = (path: string): boolean => TEST.test(path);

/** The files of the service. */
export const production = (tree: Tree): Source[] => tree.sources.filter(({ path }) => !isTest(path));

/** The project of a path, `libs/tokens` of `libs/tokens/src/vault.ts`: an app, a library, or a folder at the top. */
export function projectOf(path: string): string {
  const [top = '', name = ''] = path.split('/');
  return top === 'apps' || top === 'libs' ? `${top}/${name}` : top;
}

/** The file a relative import means; undefined for a package or a door. */
export function fileOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/** The package of a bare import (`@nestjs/common`, `pg`); undefined for a file, a door or a part of Node. */
export function packageOf(specifier: string): string | undefined {
  if (/^([.#/]|node:)/.test(specifier)) return undefined;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** The doors of package.json with the source file behind each: `#tokens` → `libs/tokens/src/index.ts`. */
export function doorsOf(tree: Tree): Map<string, string> {
  const { imports = {} } = (tree.json('package.json') ?? {}) as { imports?: Record<string, string> };
  return new Map(
    Object.entries(imports).map(([door, target]) => [door, target.replace('./dist/', '').replace(/\.js$/, '.ts')]),
  );
}
