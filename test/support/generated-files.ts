import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { check, resolveConfig } from 'prettier';
import { findTestTitles, findWords, isSentence } from './language.js';

/** Copies what the compiler reads below `root`. */
export function copySources(root: string): void {
  for (const path of ['apps', 'libs', 'test/support', 'package.json', 'tsconfig.json', '.oxlintrc.json'])
    cpSync(path, join(root, path), { recursive: true });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
}

/**
 * The findings of formatter, word list, compiler and lint rules in files that a generator wrote below `root`, which holds a
 * copy of the sources.
 */
export async function objectionsTo(root: string, paths: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => objectionsToText(path, readFileSync(join(root, path), 'utf8'))));
  return [
    ...texts.flat(),
    ...compile(
      root,
      paths.filter((path) => path.endsWith('.ts')),
    ),
    ...lint(root, paths),
  ];
}

async function objectionsToText(path: string, text: string): Promise<string[]> {
  const isFormatted = await check(text, { ...(await resolveConfig(resolve(path))), filepath: path });
  const fragments = path.endsWith('spec.ts') ? findTestTitles(text).filter((title) => !isSentence(title)) : [];
  return [
    ...(isFormatted ? [] : [`${path}: prettier formats it otherwise`]),
    ...findWords(text).map((finding) => `${path}:${finding}`),
    ...fragments.map((title) => `${path}: "${title}" is no sentence`),
  ];
}

function compile(root: string, files: readonly string[]): string[] {
  const config = { extends: './tsconfig.json', compilerOptions: { noEmit: true }, files, include: [] };
  writeFileSync(join(root, 'tsconfig.generated.json'), JSON.stringify(config));
  return run(root, 'node_modules/@typescript/native/bin/tsc', ['-p', 'tsconfig.generated.json']);
}

const lint = (root: string, paths: readonly string[]): string[] =>
  run(root, 'node_modules/oxlint/bin/oxlint', ['--format', 'unix', '--quiet', ...paths]);

/** The lines of a command that failed. */
function run(root: string, command: string, args: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: root, encoding: 'utf8' });
  return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n');
}
