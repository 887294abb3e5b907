import type { Provider } from './contract/provider.js';

type Named = Pick<Provider, 'name' | 'title' | 'alsoCalled'>;

/** A word of this length or more is looked for inside another one, and may be misspelt. */
const LONG_ENOUGH = 4;
const LONGEST = 64;
/** Characters of a name for each typing error that is accepted; at most two are. */
const CHARACTERS_PER_ERROR = 3;
const MOST_ERRORS = 2;

/** The known name that an unknown one was probably meant for: another word for it, a longer name or a misspelling. */
export function nearestName(given: string, known: Iterable<Named>): string | undefined {
  const word = plain(given.slice(0, LONGEST));
  const words = [...known].flatMap(({ name, title, alsoCalled = [] }) =>
    [name, title, ...alsoCalled].map((one) => ({ name, word: plain(one) })),
  );
  const long = words.filter((one) => one.word.length >= LONG_ENOUGH);
  const same = words.find((one) => one.word === word);
  const inside = long.find((one) => word.includes(one.word));
  const [closest] = long
    .map(({ name, word: right }) => ({
      name,
      errors: distance(word, right),
      forgiven: Math.floor(right.length / CHARACTERS_PER_ERROR),
    }))
    .filter(({ errors, forgiven }) => errors <= Math.min(forgiven, MOST_ERRORS))
    .sort((a, b) => a.errors - b.errors);
  return (same ?? inside ?? closest)?.name;
}

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** How many characters must be added, left out or replaced to make one word of the other (Levenshtein, row by row). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let at = 0; at < from.length; at += 1) row = nextRow(row, at + 1, (column) => from[at] === to[column]);
  return row.at(-1) ?? 0;
}

function nextRow(row: readonly number[], first: number, isSame: (column: number) => boolean): number[] {
  const next = [first];
  for (let column = 0; column + 1 < row.length; column += 1) {
    const [before = 0, above = 0, left = 0] = [row[column], row[column + 1], next[column]];
    next.push(Math.min(before + (isSame(column) ? 0 : 1), above + 1, left + 1));
  }
  return next;
}
