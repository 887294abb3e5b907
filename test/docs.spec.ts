import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { RECOMMENDATIONS } from '#accounts';
import { EVENT_TYPES } from '#persistence';
import { PROBLEM_CODES, type ProblemCode } from '../apps/api/src/http/problem-codes.js';
import { projectsCodeOf } from '../apps/api/src/http/projects-problem.js';

const ELSEWHERE = /(^|\/)(node_modules|dist|coverage|\.[^/]+)(\/|$)/;
const documents = readdirSync('.', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !ELSEWHERE.test(path))
  .sort();
const read = (path: string): string => readFileSync(path, 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found]) => found!);

/** The anchors of a document, as GitHub makes them of its headings. */
const anchorsOf = (text: string): string[] =>
  all(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links of a document without a target. */
function broken(path: string, text: string): string[] {
  const links = all(withoutCode(text), /\]\(([^()\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link));
  return links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), file);
    if (!existsSync(target)) return true;
    return (
      anchor !== undefined &&
      target.endsWith('.md') &&
      !anchorsOf(target === path ? text : read(target)).includes(anchor)
    );
  });
}

/** npm scripts that a text names and package.json does not have. */
const unknownScripts = (text: string): string[] =>
  all(text, /npm run (?:-\S+ )*([a-z][\w:-]*)/g).filter((name) => !(name in scripts));

/** Paths that exist on one machine only: a home folder, a mounted workspace. */
const hostPaths = (text: string): string[] =>
  all(text, /((?:^|[\s"'`(=])\/(?:root|home|work|Users|mnt|workspace)\/[\w.-]+)/gm);

describe('the documents', () => {
  it('the search finds every folder of documents', () => {
    expect(documents).toEqual(expect.arrayContaining(['CONTRIBUTING.md', 'docs/guide.md', 'docs/runbooks/README.md']));
  });

  it.each(documents)('%s: every link has a target file, and every anchor a heading', (path) => {
    expect(broken(path, read(path))).toEqual([]);
  });

  it.each(documents)('%s: every npm script that it names exists', (path) => {
    expect(unknownScripts(read(path))).toEqual([]);
  });

  it.each(documents)('%s: contains no path of one machine', (path) => {
    expect(hostPaths(read(path))).toEqual([]);
  });

  it.each(['decisions', 'runbooks'])('the index of %s has every page', (folder) => {
    const pages = readdirSync(`docs/${folder}`).filter((name) => name.endsWith('.md') && name !== 'README.md');
    expect(all(read(`docs/${folder}/README.md`), /\]\(([\w-]+\.md)\)/g).sort()).toEqual(pages.sort());
  });
});

describe('a button that a document names', () => {
  const sandboxButtons = all(read('apps/sandbox/src/pages/consent-page.ts'), /<button[^>]*>([^<]+)<\/button>/g);
  /** Swagger UI's own; test/e2e/browser.e2e-spec.ts presses it. */
  const buttons = [...sandboxButtons, 'Authorize'];
  const pressed = ['README.md', 'docs/guide.md', 'docs/sandbox.md'].flatMap((path) =>
    all(read(path), /\bpress(?:es)?\s+\*([^*]+)\*/g),
  );

  it('has the same label on the page', () => {
    expect(pressed).toEqual(expect.arrayContaining(['Authorize app', 'Authorize']));
    expect(pressed.filter((word) => !buttons.includes(word))).toEqual([]);
  });
});

describe('the README', () => {
  it('shows examples/backend.mjs as it is', () => {
    const [shown] = all(read('README.md'), /^```js\n([\s\S]*?)^```/gm);
    expect(shown).toBe(read('examples/backend.mjs'));
  });
});

describe('the guide', () => {
  const table = read('docs/guide.md').split('\n## Errors\n')[1]!.split('\n## ')[0]!;
  const rows = [...table.matchAll(/^\| (\d{3}) \| (.+?) \|/gm)].map(([, status, codes]) => ({
    status: Number(status),
    codes: codes!,
  }));
  const documented = rows.flatMap(({ status, codes }) => all(codes, /`([\w.]+)`/g).map((code) => [code, status]));

  it('lists exactly the error codes, with their statuses', () => {
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(Object.entries(PROBLEM_CODES).map(([code, [status]]) => [code, status])),
    );
    expect(documented).toHaveLength(Object.keys(PROBLEM_CODES).length);
  });
});

describe('the page about the projects surface', () => {
  const page = read('docs/projects.md');

  it('lists exactly the statuses and codes of its errors', () => {
    const listed = [...page.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gm)].map(([, status, code]) => `${status} ${code}`);
    // The parser and the pages of reauth links answer these.
    const isElsewhere = /^(http_version|reauth_link|headers|event)/;
    const codes = Object.entries(PROBLEM_CODES).filter(([code]) => !isElsewhere.test(code));
    const possible = codes.map(([code, [status]]) => projectsCodeOf({ code: code as ProblemCode, status }).join(' '));
    expect(listed).toEqual([...new Set(possible)].toSorted());
  });

  it.each(['ts', 'py'])('shows pieces of examples/projects.%s as they are', (language) => {
    const source = read(`examples/projects.${language}`);
    const shown = all(page, new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((piece) => !source.includes(piece))).toEqual([]);
  });

  it('states what to do at each recommendation', () => {
    const column = all(page, /^\| ((?:`[a-z_]+`(?:, )?)+) \| [^|]+ \|$/gm).flatMap((cell) => all(cell, /`([a-z_]+)`/g));
    expect(column).toEqual(expect.arrayContaining([...RECOMMENDATIONS]));
  });
});

describe('the page about webhooks', () => {
  it.each(['ts', 'py'])('shows a piece of examples/webhooks.%s as it is', (language) => {
    const shown = all(read('docs/webhooks.md'), new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
    expect(shown).toHaveLength(1);
    expect(read(`examples/webhooks.${language}`)).toContain(shown[0]);
  });

  it('lists exactly the events that are sent', () => {
    const listed = all(read('docs/webhooks.md'), /^\| ((?:`[a-z_]+\.[a-z_]+`(?:, )?)+) \|/gm);
    const names = listed.flatMap((cell) => all(cell, /`([a-z_.]+)`/g));
    expect(names.toSorted()).toEqual([...EVENT_TYPES, 'test.ping'].toSorted());
  });
});

describe('the page about upgrades', () => {
  const folder = 'libs/persistence/src/migrations';
  const sources = readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name) && name !== 'foundation.ts');
  const migrations = sources.flatMap((name) => all(read(`${folder}/${name}`), /^ {2}readonly name = '(\w+)'/gm));

  it('lists for every migration after the first what undoing it loses', () => {
    expect(migrations).toContain('OneAppAClient1796016446045');
    expect(migrations.filter((name) => !read('docs/upgrade.md').includes(`| \`${name}\` |`))).toEqual([]);
  });
});

describe('the search in documents', () => {
  it('finds a link without a file, and an anchor without a heading', () => {
    const text = '# A\n[a](README.md) [b](docs/nothing.md) [c](#a) [d](#b) [e](https://example.com) `[f](nothing.md)`';
    expect(broken('README.md', text)).toEqual(['docs/nothing.md', '#b']);
  });

  it('finds a script that does not exist', () => {
    expect(unknownScripts('npm run token, npm run --silent token, npm run tokens, `npm run no:such`')).toEqual([
      'tokens',
      'no:such',
    ]);
  });

  it('finds a path of one machine', () => {
    expect(hostPaths('in /home/ada/evergrant or `/root/x`, not /tmp/page.json or /v1/accounts')).toHaveLength(2);
  });
});
