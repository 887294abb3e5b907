import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'template');
const WHOLE_NAME = /^[^.]+\.md$/;

/** What a platform's folder holds at first: the standard, addresses that lead nowhere, and no word that would be a guess. */
export function templates(name) {
  const words = {
    __name__: name,
    __Title__: name[0].toUpperCase() + name.slice(1),
    __today__: new Date().toISOString().slice(0, 10),
  };
  return Object.fromEntries(
    readdirSync(FOLDER).map((template) => {
      const file = template.replace(/\.txt$/, '');
      const text = readFileSync(join(FOLDER, template), 'utf8').replaceAll(
        /__(name|Title|today)__/g,
        (word) => words[word],
      );
      return [WHOLE_NAME.test(file) ? file : `${name}.${file}`, text];
    }),
  );
}
