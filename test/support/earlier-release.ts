import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What the image has; the tests of that release are not built. */
const SOURCES = ['apps', 'libs', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** The built code of an earlier commit, in a temporary folder that uses the packages of this one. */
export interface EarlierRelease {
  readonly root: string;
  remove(): void;
}

/** False in a shallow clone, and where the sources were unpacked without their history. */
export const hasCommit = (commit: string): boolean =>
  spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`]).status === 0;

export function buildEarlierRelease(commit: string): EarlierRelease {
  const root = mkdtempSync(join(tmpdir(), 'evergrant-earlier-'));
  const remove = (): void => {
    rmSync(root, { recursive: true, force: true });
  };
  try {
    const archive = join(root, 'sources.tar');
    run('git', ['archive', '--format=tar', `--output=${archive}`, commit, ...SOURCES], process.cwd());
    run('tar', ['-xf', archive], root);
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    run(process.execPath, ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.build.json'], root);
    return { root, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function run(command: string, args: string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout}${stderr}`);
}
