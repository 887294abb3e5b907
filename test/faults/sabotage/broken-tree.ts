import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../tools/start/root.mjs';
import type { Cut } from './sabotages.js';

/** Copies the built product and applies the cuts; throws if the text of a cut does not occur exactly once. */
export function breakTree(cuts: readonly Cut[]): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'evergrant-broken-'));
  cpSync(join(ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { file, find, instead } of cuts) {
    const path = join(root, 'dist', file);
    writeFileSync(path, cutText(readFileSync(path, 'utf8'), { file, find, instead }));
  }
  return {
    root,
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function cutText(text: string, { file, find, instead }: Cut): string {
  if (text.split(find).length !== 2)
    throw new Error(`"${find}" does not occur exactly once in ${file}: the sabotage must be rewritten`);
  return text.replace(find, () => instead);
}
