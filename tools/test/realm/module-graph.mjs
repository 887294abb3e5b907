import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SourceTextModule, SyntheticModule } from 'node:vm';
import { ROOT } from '../../start/root.mjs';

/** Everything else in the repository, such as `dist`, is imported as a package is. */
const SOURCES = ['apps', 'bench', 'examples', 'libs', 'test', 'tools'].map((folder) => join(ROOT, folder) + sep);
/** @type {{ imports: Record<string, string> }} */
const { imports: BORDERS } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const TRANSFORM_OPTIONS = {
  supportsDynamicImport: true,
  supportsExportNamespaceFrom: true,
  supportsStaticESM: true,
  supportsTopLevelAwait: true,
};
const INLINE_SOURCE_MAP = /\n\/\/# sourceMappingURL=data:\S*\s*$/;

/** @typedef {{ transform(path: string, options: object, source: string): { code: string, sourceMapPath: string | null } }} Transformer */
/** @typedef {{ mtimeMs: number, code: string, sourceMapPath: string | null, cachedData?: Buffer }} Compiled */

/** Packages and built-in modules: one instance for all test files of this process. @type {Map<string, Promise<SyntheticModule>>} */
const shared = new Map();
/** Compiled sources by path, each until its file changes. @type {Map<string, Compiled>} */
const compiled = new Map();

/** The project's modules as one test file sees them: each is evaluated once for that file. */
export class ModuleGraph {
  /** @type {Map<string, string>} */
  sourceMaps = new Map();
  /** @type {Map<string, SourceTextModule>} */
  #modules = new Map();
  /** @type {Promise<unknown>} */
  #linking = Promise.resolve();
  #transformer;
  #globalsFor;

  /**
   * @param {Transformer} transformer
   * @param {(path: string) => object} globalsFor what `@jest/globals` exports to a module
   */
  constructor(transformer, globalsFor) {
    this.#transformer = transformer;
    this.#globalsFor = globalsFor;
  }

  /** Evaluates a module with all that it imports, and returns its namespace. @param {string} path */
  async import(path) {
    const module = this.#open(path);
    await this.#link(module);
    await module.evaluate();
    return module.namespace;
  }

  /** Links one graph after the other: a module that two importers link at once fails. @param {SourceTextModule} module */
  #link(module) {
    const linked = this.#linking.then(async () => {
      if (module.status !== 'unlinked') return;
      await module.link((specifier, { identifier }) => this.#resolve(specifier, identifier));
    });
    this.#linking = linked.catch(() => undefined);
    return linked;
  }

  /** @param {string} specifier @param {string} from */
  #resolve(specifier, from) {
    if (specifier === '@jest/globals') return syntheticModule(specifier, this.#globalsFor(from));
    const target = locate(specifier, from);
    return isSource(target) ? this.#open(target, from) : sharedModule(target);
  }

  /** @param {string} path @param {string} [from] */
  #open(path, from) {
    const known = this.#modules.get(path);
    if (known) return known;
    const source = compile(this.#transformer, path, from);
    const { code, sourceMapPath, cachedData } = source;
    if (sourceMapPath) this.sourceMaps.set(path, sourceMapPath);
    const module = new SourceTextModule(code, {
      ...(cachedData && { cachedData }),
      identifier: path,
      initializeImportMeta: (meta) =>
        Object.assign(meta, { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }),
      importModuleDynamically: (specifier) => this.#importFrom(specifier, path),
    });
    // V8 parses the source once for all test files of this process.
    source.cachedData ??= cacheOf(module);
    this.#modules.set(path, module);
    return module;
  }

  /** @param {string} specifier @param {string} from */
  async #importFrom(specifier, from) {
    const target = locate(specifier, from);
    if (!isSource(target)) return import(urlOf(target));
    this.#open(target, from);
    return this.import(target);
  }
}

/** The path of a source, or what Node imports. @param {string} specifier @param {string} from */
function locate(specifier, from) {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier);
  if (specifier.startsWith('.')) return join(dirname(from), specifier).replace(/\.js$/, '.ts');
  // Tests run the sources: each border leads from dist/*.js to its *.ts.
  const border = BORDERS[specifier]?.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
  return border ? join(ROOT, border) : specifier;
}

/** @param {string} target */
const isSource = (target) => SOURCES.some((folder) => target.startsWith(folder));
/** @param {string} target */
const urlOf = (target) => (target.startsWith(sep) ? pathToFileURL(target).href : target);

/** @param {Transformer} transformer @param {string} path @param {string} [from] @returns {Compiled} */
function compile(transformer, path, from) {
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (mtimeMs === undefined)
    throw new Error(`${relative(ROOT, path)} does not exist${from ? `: ${relative(ROOT, from)} imports it` : ''}`);
  const known = compiled.get(path);
  if (known?.mtimeMs === mtimeMs) return known;
  const source = readFileSync(path, 'utf8');
  const { code, sourceMapPath } = path.endsWith('.ts')
    ? transformer.transform(path, TRANSFORM_OPTIONS, source)
    : { code: source, sourceMapPath: null };
  // Jest has stored the source map in a file of its own.
  /** @type {Compiled} */
  const entry = { mtimeMs, sourceMapPath, code: code.replace(INLINE_SOURCE_MAP, '') };
  compiled.set(path, entry);
  return entry;
}

/** The types of Node lack this method. @param {SourceTextModule} module @returns {Buffer} */
const cacheOf = (module) =>
  /** @type {SourceTextModule & { createCachedData(): Buffer }} */ (module).createCachedData();

/** @param {string} target */
function sharedModule(target) {
  const known = shared.get(target);
  if (known) return known;
  const module = import(urlOf(target)).then((namespace) => syntheticModule(target, namespace));
  shared.set(target, module);
  return module;
}

/** @param {string} identifier @param {object} namespace */
function syntheticModule(identifier, namespace) {
  const exported = Object.entries(namespace);
  return new SyntheticModule(
    exported.map(([name]) => name),
    function exportAll() {
      for (const [name, value] of exported) this.setExport(name, value);
    },
    { identifier },
  );
}
