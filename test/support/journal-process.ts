import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const COMPILER = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
/** Whole libraries import Nest, and a process that is killed within 50 ms must start fast. */
const DOORS: Record<string, { folder: string; files: string[] }> = {
  '#exchanger': { folder: 'libs/exchanger/src/journal', files: ['file-journal'] },
  '#crypto': { folder: 'libs/crypto/src', files: ['keyring', 'sealing'] },
  '#config': { folder: 'libs/config/src', files: ['durations', 'make-folder'] },
  '#observability': { folder: 'libs/observability/src', files: ['coded-error', 'secret'] },
};

/** The journal's sources, compiled where small programs can be started that open one. */
export class JournalPrograms {
  private readonly place = mkdtempSync(join(tmpdir(), 'evergrant-programs-'));

  constructor() {
    symlinkSync(resolve('node_modules'), join(this.place, 'node_modules'));
    const imports = Object.entries(DOORS).map(([door, { folder, files }]) => {
      const name = door.slice(1);
      this.compile(folder, name);
      writeFileSync(
        join(this.place, `${name}.js`),
        files.map((file) => `export * from './${name}/${file}.js';`).join('\n'),
      );
      return [door, `./${name}.js`];
    });
    writeFileSync(
      join(this.place, 'package.json'),
      JSON.stringify({ type: 'module', imports: Object.fromEntries(imports) }),
    );
  }

  start(program: string): JournalProcess {
    const text = `import { FileJournal } from '#exchanger'; import { Keyring } from '#crypto'; import { Secret } from '#observability';
      import { writeSync } from 'node:fs'; import { randomUUID } from 'node:crypto';
      const quiet = () => undefined; const logger = { info: quiet, warn: quiet, error: quiet };
      const print = (line) => writeSync(1, line + '\\n'); ${program}`;
    writeFileSync(join(this.place, 'program.js'), text);
    return new JournalProcess(
      spawn(process.execPath, ['program.js'], { cwd: this.place, stdio: ['ignore', 'pipe', 'inherit'] }),
    );
  }

  remove(): void {
    rmSync(this.place, { recursive: true, force: true });
  }

  private compile(folder: string, name: string): void {
    mkdirSync(join(this.place, name));
    for (const file of readdirSync(folder).filter((one) => /^[a-z-]+\.ts$/.test(one))) {
      const { outputText } = ts.transpileModule(readFileSync(join(folder, file), 'utf8'), {
        compilerOptions: COMPILER,
      });
      writeFileSync(join(this.place, name, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
}

export class JournalProcess {
  #text = '';
  readonly #ended: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
    this.#ended = once(child, 'close');
  }

  /** The whole lines that it printed. */
  get lines(): string[] {
    return this.#text.split('\n').slice(0, -1);
  }

  /** Resolves when it has printed something, or has ended. */
  async printsLine(): Promise<void> {
    if (this.#text === '') await Promise.race([once(this.child.stdout!, 'data'), this.#ended]);
  }

  /** `kill -9`; resolves when all its output has arrived. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }
}
