import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { type JobContract, knownJobs } from '#jobs';
import { PROVIDER_NAMES } from '#providers';
import * as jobs from '../libs/jobs/src/contracts.js';

/**
 * Compares the recipes of CONTRIBUTING.md with the code: every file that mentions an existing endpoint, job, migration or
 * provider must be named by its recipe.
 */
const text = readFileSync('CONTRIBUTING.md', 'utf8').split('\n## Recipes\n')[1]!.split('\n## ')[0]!;
const recipes = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((recipe) => [recipe.split('\n')[0]!, recipe]),
);

/** The files that a recipe names, as a link or as a path; `<name>` in a path is a placeholder. */
function placesOf(recipe: string): string[] {
  const linked = [...recipe.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path!);
  const written = [...recipe.matchAll(/`((?:apps|libs)\/[^`]+)`/g)].map(([, path]) => path!);
  return [...linked, ...written];
}

function isNamed(path: string, places: readonly string[]): boolean {
  return places.some((place) => {
    const pattern = place
      .replaceAll(/<[\w-]+>/g, '\0')
      .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('\0', '[\\w-]+');
    // A folder includes the files that the step adds to it.
    return new RegExp(`^${pattern}${place.endsWith('/') ? '[\\w.-]+' : ''}$`).test(path);
  });
}

const sources = ['apps', 'libs'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/spec\.ts$/.test(path))
    .map((path) => posix.join(folder, path)),
);
const texts = new Map(sources.map((path) => [path, readFileSync(path, 'utf8')]));

/** The production files that contain a word. */
const filesWith = (word: string): string[] =>
  sources.filter((path) => new RegExp(`\\b${word}\\b`).test(texts.get(path)!));

/** The files that the recipe does not name. */
const missing = (recipe: string, files: readonly string[]): string[] =>
  files.filter((path) => !isNamed(path, placesOf(recipes.get(recipe)!)));

describe('the recipes', () => {
  it('each recipe names the files of its steps', () => {
    expect([...recipes.keys()]).toEqual(['An endpoint', 'A field', 'A job', 'A migration', 'A provider', 'A document']);
    for (const recipe of recipes.values()) expect(placesOf(recipe).length).toBeGreaterThan(0);
  });

  it.each([...recipes])('%s: each file and folder that it names exists', (_name, recipe) => {
    const fixed = placesOf(recipe).map((place) => place.replace(/[^/]*<.*$/, ''));
    expect(fixed.filter((place) => !existsSync(place))).toEqual([]);
  });

  it.each([...recipes])('%s: each name that stands before the link of a file is in that file', (_name, recipe) => {
    const named = [...recipe.matchAll(/`(\w+)` in \[[^\]]*\]\(([^)#]+)\)/g)];
    expect(named.filter(([, name, path]) => !new RegExp(`\\b${name}\\b`).test(readFileSync(path!, 'utf8')))).toEqual(
      [],
    );
  });

  it('A field: the recipe names every file that passes the display name on, and the functions that set or erase it', () => {
    const files = filesWith('(?:display_name|displayName)').filter(
      (path) => !/^(libs\/providers\/src\/(?!contract)|libs\/persistence\/src\/migrations|apps\/sandbox)/.test(path),
    );
    expect(missing('A field', files)).toEqual([]);
    for (const name of ['eraseProfiles', 'storeListedProfile', 'profileOf', 'namesOf', 'toCandidate'])
      expect(recipes.get('A field')).toContain(`\`${name}\` in [`);
  });

  const symbols = Object.entries(jobs).flatMap(([symbol, value]) =>
    knownJobs.includes(value as JobContract) ? [symbol] : [],
  );

  it.each(symbols)('A job: the recipe names every file that contains %s or its handler', (symbol) => {
    const [handler] = sources.flatMap(
      (path) => new RegExp(`@Handles\\(${symbol}\\)[^]*?class (\\w+)`).exec(texts.get(path)!)?.[1] ?? [],
    );
    expect(missing('A job', [...filesWith(symbol), ...filesWith(handler!)])).toEqual([]);
  });

  const useCases = [
    ...texts
      .get('libs/accounts/src/accounts.module.ts')!
      .split('const useCases')[1]!
      .split('];')[0]!
      .matchAll(/\b[A-Z]\w+/g),
  ].map(([name]) => name);

  it.each(useCases.filter((name) => filesWith(name).some((path) => path.endsWith('.controller.ts'))))(
    'An endpoint: the recipe names every file that contains %s or its controller',
    (name) => {
      // The name may also be a word of a comment or a text.
      const files = filesWith(name).filter((path) =>
        new RegExp(`(import|export)[^;]*\\b${name}\\b|^ {2}${name},$`, 'm').test(texts.get(path)!),
      );
      const controllers = files
        .filter((path) => path.endsWith('.controller.ts'))
        .map((path) => /export class (\w+)/.exec(texts.get(path)!)![1]!);
      // A command of apps/cli may use the same use case; it is not part of the endpoint.
      const others = (path: string): boolean =>
        !/^(libs\/accounts|apps\/cli)\//.test(path) || path.endsWith('index.ts') || path.endsWith('accounts.module.ts');
      expect(missing('An endpoint', [...files.filter(others), ...controllers.flatMap(filesWith)])).toEqual([]);
    },
  );

  const migrations = sources.flatMap((path) =>
    /^libs\/persistence\/src\/migrations\/[\w-]+\.ts$/.test(path)
      ? (/export class (\w+)/.exec(texts.get(path)!)?.[1] ?? [])
      : [],
  );

  it.each(migrations)('A migration: the recipe names every file that contains %s', (name) => {
    expect(missing('A migration', filesWith(name))).toEqual([]);
  });

  it.each(PROVIDER_NAMES)(
    'A provider: only the two registries that the recipe names import the folder of %s',
    (name) => {
      const outside = sources.filter(
        (path) => texts.get(path)!.includes(`./${name}/${name}.`) && !path.startsWith(`libs/providers/src/${name}/`),
      );
      expect(outside.toSorted()).toEqual(['libs/providers/src/registry.ts', 'libs/providers/src/sandbox.ts']);
      expect(recipes.get('A provider')).toContain('its lines in registry.ts and sandbox.ts');
    },
  );
});
