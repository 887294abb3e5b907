import type { Rule } from './rule.js';
import { doorsOf, roomOf, type Tree } from './tree.js';

const ROLES = [
  'module',
  'controller',
  'guard',
  'filter',
  'schema',
  'view',
  'entity',
  'repository',
  'errors',
  'env',
  'provider',
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
        .filter((path) => !isWellNamed(path))
        .map((path) => `${path} is misnamed`),
  },
  {
    name: 'the map of apps and libraries',
    sentence:
      'nest-cli.json is the map that our tools read: it names every app and library, where it is and where it begins',
    breaches(tree) {
      const { projects = {} } = (tree.json('nest-cli.json') ?? {}) as { projects?: Record<string, Project> };
      const mapped = Object.entries(projects);
      const missing = roomsOf(tree).filter((room) => !mapped.some(([, { root }]) => root === room));
      return [
        ...missing.map((room) => `nest-cli.json lacks ${room}`),
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
      const libraries = roomsOf(tree).filter((room) => room.startsWith('libs/'));
      const doorless = libraries.filter(
        (room) => doors.get(`#${room.slice('libs/'.length)}`) !== `${room}/src/index.ts`,
      );
      return [...closed, ...doorless.map((room) => `${room} has no door`)];
    },
  },
];

const roomsOf = (tree: Tree): string[] =>
  [...new Set(tree.sources.map(({ path }) => roomOf(path)))].filter((room) => /^(apps|libs)\//.test(room));

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

function isWellNamed(path: string): boolean {
  const [file = '', ...folders] = path.split('/').reverse();
  const [name = '', ...suffixes] = file.replace(/\.ts$/, '').split('.');
  return SUFFIXES.test(suffixes.join('.')) && [name, ...folders].every((part) => KEBAB.test(part));
}
