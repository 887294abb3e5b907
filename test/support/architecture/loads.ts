import type { Import } from './source.js';
import { doorsOf, fileOf, production, type Tree } from './tree.js';

/** The files that each file loads. Imports that the compiler erases load nothing. */
export const loadsOf = (tree: Tree): Map<string, string[]> => edgesOf(tree, ({ erased }) => !erased);

/** The files that each file imports, for values or for types. */
export const importsOf = (tree: Tree): Map<string, string[]> => edgesOf(tree, () => true);

function edgesOf(tree: Tree, counts: (one: Import) => boolean): Map<string, string[]> {
  const doors = doorsOf(tree);
  return new Map(
    production(tree).map(({ path, imports }) => {
      const targets = imports.filter(counts).map(({ specifier }) => doors.get(specifier) ?? fileOf(path, specifier));
      return [path, targets.filter((file) => file !== undefined)];
    }),
  );
}

/** Everything that is in memory once these files are. */
export function loadedBy(files: readonly string[], loads: Map<string, string[]>): Set<string> {
  const loaded = new Set(files);
  for (const file of loaded) for (const next of loads.get(file) ?? []) loaded.add(next);
  return loaded;
}
