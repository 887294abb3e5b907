import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

const FOLDERS = ['apps', 'libs', 'test', 'bench', 'tools', 'docs', 'examples', '.github'];
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];
/** Exceptions: the word list and its test quote the words; migrations and entities contain the column `grants.witness`. */
const QUOTING = /^test\/(language\.spec|support\/language)\.ts$|^libs\/persistence\/src\/(migrations|entities)\//;

/** Every source file and document, by its path in the repository, but the exceptions. */
export function writtenFiles(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => posix.join(folder, path)),
  );
  return [...inFolders, ...PAGES].filter((path) => /\.(ts|mts|mjs|md)$/.test(path) && !QUOTING.test(path));
}

/** Names in backticks, targets of links, the column `grants.witness`, and the terms "thundering herd" and "keep-alive". */
const EXEMPT =
  /[kK]eep-?[aA]live|`[a-z ]+`|\]\([^)]*\)|grants\.witness|: 'witness'|\bwitness = (?:null|'accepts')|thundering herds?/g;

const PROCESS = 'name the process or use the passive voice';
const REPORTED = 'reported, returned, logged, notified';

/** Words that read as a metaphor, as a person or as another language's syntax; beside each, what to write instead. */
const WORDS: readonly (readonly [pattern: string, instead: string])[] = [
  ['nobody|somebody|anybody|everybody', PROCESS],
  ['whoever|whomever|he|him|his|she|her', PROCESS],
  ['tells|told|telling', REPORTED],
  ['hang up|hangs up|hung up', 'abort'],
  ['witness|witnesses|testimony|verdict|judge[sd]?', 'check, result, decision'],
  ['believed?|believes|disbelief|unblemished', 'trusts, accepts'],
  ['dead|die|dies|died|dying|death|deaths', 'revoked, expired, stopped, lost'],
  ['living', 'active, valid, running'],
  ['herd|herds|house|rooms?', 'library, folder, capacity'],
  ['is away|are away|stays away', 'is unavailable, is down'],
  ['broke off|breaks off|break off', 'was interrupted, is incomplete'],
  ['goes on|went on|go on', 'continues, lasts'],
  ['hangs? on', 'belongs to, depends on'],
  ['blames|blamed', 'marks, attributes to'],
  ['is well(?!-)|are well(?!-)', 'works, is healthy'],
  ['troubles?', 'failure, problem'],
  ['tell|autopsy|autopsies|undead', 'report, log, describe'],
  ['leads? nowhere', 'has no target, is unknown'],
  ['let go|lets go|lets in|looks? after|look again', 'release, accept, maintain, check again'],
  ['says?|said|saying', 'states, reports, contains, shows'],
  ['asks|asked', 'requests, requires, is called, is checked'],
  ['wants|wanted|wish|wishes|wished', 'requires, needs, is requested; in a test: overrides, options'],
  ['forgets?|forgot|forgotten', 'deletes, drops, ignores'],
  ['remembers?|remembered', 'records, keeps'],
  ['knows?|knew', 'has, recognizes, is known to'],
  ['speaks?|spoke|hears?|heard|learns|learned', 'uses, concerns, receives, reads'],
  ['alive|lives', 'is valid, is running, is active; a lifetime'],
  ['for ever|so many|by itself|silence', 'without end, the number of, automatically, no answer'],
];

const FINDERS = WORDS.map(([pattern, instead]) => [new RegExp(`\\b(?:${pattern})\\b`, 'i'), instead] as const);

/**
 * `line: "word": what to write`, for each listed word; the parts of a camel-case name count as words. A name in
 * backticks, such as the Unix user `nobody`, and the target of a link do not count.
 */
export function findWords(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.replace(EXEMPT, '').replace(/([a-z0-9])([A-Z])/g, '$1 $2');
    return FINDERS.flatMap(([finder, instead]) => {
      const word = finder.exec(words)?.[0];
      return word === undefined ? [] : [`${index + 1}: "${word.toLowerCase()}": ${instead}`];
    });
  });
}

const TITLED = new Set(['it', 'test', 'promise']);

/** The titles of the tests in a file: the first argument of `it`, `it.each(…)` and the like. */
export function findTestTitles(text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TITLED.has(calledName(node.expression))) {
      const [title] = node.arguments;
      if (title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title)))
        titles.push(title.getText().slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('titles.ts', text, ts.ScriptTarget.Latest, true));
  return titles;
}

/** `it` of `it(…)`, `it.skip(…)`, `it.each(…)(…)` and `it.skip.each(…)(…)`; the table of an `each` is no title. */
function calledName(callee: ts.Expression): string {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isCallExpression(callee)) return tableName(callee.expression);
  return ts.isPropertyAccessExpression(callee) && callee.name.text !== 'each' ? calledName(callee.expression) : '';
}

const tableName = (callee: ts.Expression): string =>
  ts.isPropertyAccessExpression(callee) && callee.name.text === 'each' ? calledName(callee.expression) : '';

/** Words with which only a fragment begins, which needs its `describe` to be understood. */
const FRAGMENT = /^(and|but|or|nor|then|are|have|were|of|with|without|in|at|by|for|from|to|only|even|not|what|who)\b/;

/** Whether a title reads alone: three words or more, in lower case, and not the second half of a sentence. */
export const isSentence = (title: string): boolean =>
  title.trim().split(/\s+/).length >= 3 && !FRAGMENT.test(title) && !/^[A-Z][a-z]+s\b/.test(title);
