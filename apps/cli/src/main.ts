import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addKeys } from './commands/keys.js';
import { addMigrate } from './commands/migrate.js';
import { addSeed } from './commands/seed.js';
import { addToken } from './commands/token.js';

/** Each file of `commands/` adds its command. */
const commands: readonly ((program: Command) => void)[] = [addKeys, addMigrate, addSeed, addToken];

/** package.json lies beside `dist`, in the repository and in the image. */
const root = import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/'));
const { version } = JSON.parse(readFileSync(new URL(`${root}/package.json`), 'utf8')) as { version: string };

const program = new Command('evergrant')
  .version(version, '--version', 'print the version of this release')
  .description('One-shot commands. Each of them ends with exit code 0, or with 1 and the reason on stderr.')
  .showHelpAfterError('Add --help for the options.');
for (const add of commands) add(program);
await program.parseAsync();
