import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const COMPILER = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };

/** A folder of sources, compiled one by one, in which small programs run as processes of their own. */
export interface SourceFolder {
  /** Starts a program (JavaScript that imports `./<file>.js`); it has an IPC channel as under the launcher. */
  start(program: string): SourceProcess;
  remove(): void;
}

export interface SourceProcess {
  readonly child: ChildProcess;
  /** The lines it wrote so far, stdout and stderr together. */
  lines(): string[];
  /** Its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
}

/** Compiles the folder's files of the repository into a temporary place that sees our node_modules. */
export function compileFolder(folder: string): SourceFolder {
  const place = mkdtempSync(join(tmpdir(), 'evergrant-source-'));
  symlinkSync(resolve('node_modules'), join(place, 'node_modules'));
  writeFileSync(join(place, 'package.json'), '{"type":"module"}');
  for (const name of readdirSync(folder).filter((file) => /^[a-z-]+\.ts$/.test(file))) {
    const { outputText } = ts.transpileModule(readFileSync(join(folder, name), 'utf8'), { compilerOptions: COMPILER });
    writeFileSync(join(place, name.replace(/\.ts$/, '.js')), outputText);
  }
  return {
    start: (program) => startProgram(place, program),
    remove: () => {
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function startProgram(place: string, program: string): SourceProcess {
  const args = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { cwd: place, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const read = Promise.all([once(child.stdout!, 'end'), once(child.stderr!, 'end')]);
  // Not `close`: it never comes once we disconnected the channel.
  const exited = once(child, 'exit').then(async ([code, signal]) => {
    await read;
    return (code ?? signal) as number | string;
  });
  return { child, lines: () => text.split('\n').filter(Boolean), exited };
}
