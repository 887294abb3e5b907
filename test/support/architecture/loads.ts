import { doorsOf, fileOf, production, type Tree } from './tree.js';

/** Which files each file loads. Imports that a compiler erases load nothing. */
export function loadsOf(tree: Tree): Map<string, string[]> {
  const doors = doorsOf(tree);
  return new Map(
    production(tree).map(({ path, imports }) => {
      const loaded = imports
        .filter(({ erased }) => !erased)
        .map(({ specifier }) => doors.get(specifier) ?? fileOf(path, specifier));
      return [path, loaded.filter((file) => file !== undefined)];
    }),
  );
}

/** Everything that is in memory once these files are. */
export function loadedBy(files: readonly string[], loads: Map<string, string[]>): Set<string> {
  const loaded = new Set(files);
  for (const file of loaded) for (const next of loads.get(file) ?? []) loaded.add(next);
  return loaded;
}
