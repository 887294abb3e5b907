import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, wherever a command was called from. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
