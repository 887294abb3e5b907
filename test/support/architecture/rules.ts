import { arrows } from './arrows.js';
import { cycles } from './cycles.js';
import { layout } from './layout.js';
import type { Rule } from './rule.js';
import { words } from './words.js';
import { writers } from './writers.js';

/** Every rule that the tree is held to. */
export const rules: Rule[] = [...arrows, cycles, ...words, ...layout, writers];
