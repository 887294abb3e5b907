import type { Rule } from './rule.js';
import { doorsOf, projectOf, type Tree } from './tree.js';

const ROLES = [
  'module',
  'controller',
  'guard',
  'schema',
  'entity',
  'repository',
  'errors',
  'env',
  'provider',
  'publish',
  'sandbox',
  'jobs',
];
const TESTS = ['spec', 'int-spec', 'e2e-spec', 'deep-spec'];
const SUFFIXES = new RegExp(`^(${ROLES.join('|')})?$|^((${ROLES.join('|')})\\.)?(${TESTS.join('|')})$`);
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

interface Project {
  type?: string;
  root?: string;
  sourceRoot?: string;
  entryFile?: string;
}

export const layout: Rule[] = [
  {
    name: 'file names',
    sentence: `files are kebab-case, with at most one role of a closed list (${ROLES.join(', ')}) and one of ${TESTS.join(', ')}`,
    breaches: (tree) =>
      tree.sources
        .map(({ path }) => path)
        .filter((path) => !hasAllowedName(path))
        .map((path) => `${path} is misnamed`),
  },
  {
    name: 'the map of apps and libraries',
    sentence:
      'nest-cli.json is the map that the tools read: it names every app and library, its folder and its entry file',
    breaches(tree) {
      const { projects = {} } = (tree.json('nest-cli.json') ?? {}) as { projects?: Record<string, Project> };
      const mapped = Object.entries(projects);
      const missing = projectsOf(tree).filter((path) => !mapped.some(([, { root }]) => root === path));
      return [
        ...missing.map((path) => `nest-cli.json lacks ${path}`),
        ...mapped.flatMap(([name, project]) => wrongIn(tree, name, project)),
      ];
    },
  },
  {
    name: 'doors',
    sentence: 'every library has one door of its own name in package.json, and behind every door is a file',
    breaches(tree) {
      const doors = doorsOf(tree);
      const closed = [...doors]
        .filter(([, target]) => !tree.has(target))
        .map(([door, target]) => `${door} leads to ${target}, which is not there`);
      const libraries = projectsOf(tree).filter((path) => path.startsWith('libs/'));
      const doorless = libraries.filter(
        (path) => doors.get(`#${path.slice('libs/'.length)}`) !== `${path}/src/index.ts`,
      );
      return [...closed, ...doorless.map((path) => `${path} has no door`)];
    },
  },
];

const projectsOf = (tree: Tree): string[] =>
  [...new Set(tree.sources.map(({ path }) => projectOf(path)))].filter((path) => /^(apps|libs)\//.test(path));

function wrongIn(tree: Tree, name: string, project: Project): string[] {
  const isApp = project.type === 'application';
  // A library that shares its name with an app has the key `<name>-library`.
  const root = isApp ? `apps/${name}` : `libs/${name.replace(/-library$/, '')}`;
  const entry = isApp ? 'main' : 'index';
  const right = { type: isApp ? 'application' : 'library', root, entryFile: entry, sourceRoot: `${root}/src` };
  const wrong = Object.entries(right).filter(([key, value]) => project[key as keyof Project] !== value);
  const begins = tree.has(`${root}/src/${entry}.ts`);
  return [
    ...wrong.map(([key, value]) => `nest-cli.json's ${name} has a ${key} that is not ${value}`),
    ...(begins ? [] : [`nest-cli.json names ${root}/src/${entry}.ts, which is not there`]),
  ];
}

function hasAllowedName(path: string): boolean {
  const [file = '', ...folders] = path.split('/').reverse();
  const [name = '', ...suffixes] = file.replace(/\.ts$/, '').split('.');
  return SUFFIXES.test(suffixes.join('.')) && [name, ...folders].every((part) => KEBAB.test(part));
}
