import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'template');
const WHOLE_NAME = /^[^.]+\.md$/;

/**
 * The first content of a platform's folder by file name: the standard, addresses without a server, and no guessed value.
 * @param {string} name
 */
export function templates(name) {
  /** @type {Record<string, string>} */
  const words = {
    __name__: name,
    __Title__: name.slice(0, 1).toUpperCase() + name.slice(1),
    __today__: new Date().toISOString().slice(0, 10),
  };
  return Object.fromEntries(
    readdirSync(FOLDER).map((template) => {
      const file = template.replace(/\.txt$/, '');
      const text = readFileSync(join(FOLDER, template), 'utf8').replaceAll(
        /__(name|Title|today)__/g,
        (word) => words[word] ?? word,
      );
      return [WHOLE_NAME.test(file) ? file : `${name}.${file}`, text];
    }),
  );
}
