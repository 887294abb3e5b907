import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { findTestTitles, findWords, isSentence, writtenFiles } from './support/language.js';

const files = writtenFiles();
const read = (path: string): string => readFileSync(path, 'utf8');

describe('the language of the project', () => {
  it('uses none of the words that the word list replaces', () => {
    expect(files.flatMap((path) => findWords(read(path)).map((finding) => `${path}:${finding}`))).toEqual([]);
  });

  it('names every test with a sentence that can be read alone', () => {
    const titles = files
      .filter((path) => path.endsWith('spec.ts'))
      .flatMap((path) => findTestTitles(read(path)).map((title) => ({ path, title })));
    expect(titles.length).toBeGreaterThan(0);
    expect(titles.filter(({ title }) => !isSentence(title))).toEqual([]);
  });
});

describe('the word list', () => {
  it.each([
    ['// nobody reads it', '1: "nobody": name the process or use the passive voice'],
    ['const a = 1;\nletNobodyIn();', '2: "nobody": name the process or use the passive voice'],
    ['/** What the caller is told. */', '1: "told": reported, returned, logged, notified'],
    ['const askedWith = token;', '1: "asked": requests, requires, is called, is checked'],
    ['interface StartWishes {}', '1: "wishes": requires, needs, is requested; in a test: overrides, options'],
  ])('finds the word in %j', (text, finding) => {
    expect(findWords(text)).toContain(finding);
  });

  it('ignores a word inside a longer word', () => {
    expect(findWords('const deadline = withDeadline(there);')).toEqual([]);
    expect(findWords("headers['keep-alive'] ?? keepAliveTimeout")).toEqual([]);
  });

  it.each(['takes none', 'and was only slow', 'are found again', 'Refuses a spent code', 'for the second time only'])(
    'rejects the test title %j',
    (title) => {
      expect(isSentence(title)).toBe(false);
    },
  );

  it.each(['refuses a code that was already spent', 'a spent code is refused', '%s answers with 404'])(
    'accepts the test title %j',
    (title) => {
      expect(isSentence(title)).toBe(true);
    },
  );

  it('finds the titles of tables, templates and plain tests', () => {
    const text = [`it('a b', () => {});`, "it.each([1])('c %s', f);", 'promise(`d`, f);', `it.each([`, `])('e', f);`];
    expect(findTestTitles(text.join('\n'))).toEqual(['a b', 'c %s', 'd', 'e']);
  });
});
