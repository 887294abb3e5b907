import { importsOf } from './loads.js';
import type { Rule } from './rule.js';

/** Imports of types count: files that need each other's types cannot be read one after the other. */
export const cycles: Rule = {
  name: 'no cycles',
  sentence:
    'files that import each other in a circle, for values or for types, cannot be understood one at a time; move what both need into a third file',
  breaches(tree) {
    const edges = importsOf(tree);
    const done = new Set<string>();
    return [...edges.keys()].flatMap((file) => circleFrom(file, edges, done)).map((circle) => circle.join(' → '));
  },
};

/** The first circle met on the way down from `file`; files below which there was none are not walked again. */
function circleFrom(file: string, edges: Map<string, string[]>, done: Set<string>, way: string[] = []): string[][] {
  if (way.includes(file)) return [[...way.slice(way.indexOf(file)), file]];
  if (done.has(file)) return [];
  const circles = (edges.get(file) ?? []).flatMap((next) => circleFrom(next, edges, done, [...way, file]));
  done.add(file);
  return circles.slice(0, 1);
}
