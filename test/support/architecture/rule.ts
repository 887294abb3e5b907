import type { Source } from './source.js';
import { production, type Tree } from './tree.js';

/** One rule of the architecture. Each breach is the beginning of a sentence that names the file and what it did. */
export interface Rule {
  name: string;
  /** The reason in one sentence, which ends the message of every breach. */
  sentence: string;
  breaches(tree: Tree): string[];
}

/** The breaches of a rule as whole sentences. */
export const findBreaches = (rule: Rule, tree: Tree): string[] =>
  rule.breaches(tree).map((breach) => `${breach}: ${rule.sentence}`);

/** A rule that reads each file of the service alone. `check` returns what the file did wrong. */
export const eachSource =
  (check: (source: Source, tree: Tree) => string[]): Rule['breaches'] =>
  (tree) =>
    production(tree).flatMap((source) => check(source, tree).map((what) => `${source.path} ${what}`));
