import { loadedBy, loadsOf } from './loads.js';
import { eachSource, type Rule } from './rule.js';
import type { Import } from './source.js';
import { doorsOf, fileOf, isTest, packageOf, production, projectOf, type Tree } from './tree.js';

const CONTRACTS = ['#config', '#observability'];
const SERVICE = ['#accounts', '#webhooks', '#persistence', '#crypto', '#providers', '#jobs', ...CONTRACTS];

/** The doors that each project may import. Arrows only go down; members of one row do not import each other. */
const ARROWS: Record<string, string[]> = {
  'apps/api': SERVICE,
  'apps/worker': SERVICE,
  'apps/exchanger': ['#exchanger', ...CONTRACTS],
  'apps/sandbox': ['#providers/sandbox', ...CONTRACTS],
  'apps/cli': SERVICE,
  'libs/accounts': ['#tokens', '#providers', '#crypto', '#persistence', ...CONTRACTS],
  'libs/webhooks': ['#accounts', '#tokens', '#outbound', '#crypto', '#persistence', ...CONTRACTS],
  'libs/exchanger': [
    '#tokens',
    '#tokens/protocol',
    '#tokens/store',
    '#providers',
    '#crypto',
    '#persistence/sql',
    '#persistence/sealed',
    ...CONTRACTS,
  ],
  'libs/tokens': ['#providers', '#crypto', '#persistence/sql', '#persistence/sealed', ...CONTRACTS],
  'libs/providers': CONTRACTS,
  'libs/crypto': CONTRACTS,
  'libs/persistence': CONTRACTS,
  'libs/jobs': CONTRACTS,
  'libs/outbound': CONTRACTS,
  // An exception to the row: the configuration returns its secrets as Secret.
  'libs/config': ['#observability'],
  'libs/observability': [],
};

/** Packages that only some projects may import. */
const PACKAGES: Record<string, string[]> = {
  bullmq: ['libs/jobs/', 'apps/worker/src/runtime/'],
  ioredis: ['libs/jobs/'],
  fastify: ['apps/'],
  passport: ['apps/api/'],
  undici: ['libs/outbound/'],
  pino: ['libs/observability/'],
  'prom-client': ['libs/observability/'],
  '@opentelemetry/api': ['libs/observability/src/open-telemetry.ts'],
  '@opentelemetry/exporter-trace-otlp-proto': ['libs/observability/src/open-telemetry.ts'],
  '@opentelemetry/resources': ['libs/observability/src/open-telemetry.ts'],
  '@opentelemetry/sdk-trace-node': ['libs/observability/src/open-telemetry.ts'],
};

const NOT_IN_EXCHANGER = /^(@nestjs\/.*|typeorm|bullmq|ioredis|rxjs|reflect-metadata)$/;

/** Parts of a library behind a door of their own: no other file of the library imports them. */
const INNER: Record<string, { inside: RegExp }> = {
  'libs/persistence': { inside: /^libs\/persistence\/src\/sealed\// },
  'libs/providers': { inside: /^libs\/providers\/src\/(sandbox\.ts|sandbox\/|[^/]+\/[^/]+\.sandbox\.ts)/ },
};

const TOKEN_LIBRARIES = /^libs\/(tokens|exchanger)\//;
/** What an app may take of #providers as a value. */
const PLATFORM_NAMES = ['PROVIDER_NAMES', 'PUSH_FAMILIES', 'providerTitle', 'nearestProvider', 'registerProviders'];

const SEALING = ['sealRow', 'openRow', 'seal', 'open', '*'];
const SEALED_TABLES =
  /\b(grant_tokens|account_tokens|attempt_secrets|oauth_app_secrets|revocation_tokens|token_orphans)\b/;
const MAY_NAME_SEALED = /^libs\/(tokens\/|exchanger\/|persistence\/src\/(sealed|migrations)\/)/;

export const arrows: Rule[] = [
  {
    name: 'arrows',
    sentence:
      'arrows go down, apps → accounts, exchanger → tokens → providers, crypto, persistence → config, observability; see docs/architecture.md',
    breaches: eachSource(({ path, imports }) => {
      const allowed = ARROWS[projectOf(path)];
      if (!allowed) return [`is in ${projectOf(path)}, a project that no arrow names`];
      return imports
        .filter(({ specifier }) => specifier.startsWith('#') && !allowed.includes(specifier))
        .map(({ specifier }) => `imports ${specifier}`);
    }),
  },
  {
    name: 'borders',
    sentence: 'a file imports another project by a door of package.json (#tokens), never by a path',
    breaches: (tree) =>
      tree.sources.flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) => crossesByPath(tree, path, specifier))
          .map(({ specifier }) => `${path} imports ${specifier}`),
      ),
  },
  {
    name: 'own door',
    sentence:
      'a door is for other projects: files of one project import each other by path, since the index would make cycles',
    breaches: eachSource(({ path, imports }, tree) => {
      const own = [...doorsOf(tree)].filter(([, target]) => projectOf(target) === projectOf(path));
      return imports
        .filter(({ specifier }) =>
          own.some(([door, target]) => specifier === door || fileOf(path, specifier) === target),
        )
        .map(({ specifier }) => `imports ${specifier}, a door of its own project`);
    }),
  },
  {
    name: 'inner doors',
    sentence:
      'sealed rows and imitations lie behind a door of their own, so that an import of the main door does not load them',
    breaches: eachSource(({ path, imports }) => {
      const inside = INNER[projectOf(path)]?.inside;
      if (!inside || inside.test(path)) return [];
      return imports
        .filter(({ specifier }) => inside.test(fileOf(path, specifier) ?? ''))
        .map(({ specifier }) => `imports ${specifier}`);
    }),
  },
  {
    name: 'names of platforms only',
    sentence:
      'an app takes of #providers its types, what platforms are called (PROVIDER_NAMES, PUSH_FAMILIES, providerTitle, nearestProvider) and, at its start, registerProviders; calls to a platform go through #accounts or #tokens',
    breaches: eachSource(({ path, imports }) => {
      if (!/^apps\/(api|worker|exchanger|cli)\//.test(path)) return [];
      return imports
        .filter(({ specifier }) => specifier === '#providers')
        .flatMap(({ values }) => values)
        .filter((name) => !PLATFORM_NAMES.includes(name))
        .map((name) => `imports ${name} of #providers`);
    }),
  },
  {
    name: 'keys in two libraries',
    sentence: 'sealed values are opened in libs/tokens and libs/exchanger alone, and no app holds the keys',
    breaches: eachSource(({ path, imports, text }) => {
      const keys = path.startsWith('apps/') ? ['Keyring', ...SEALING] : SEALING;
      const opened = TOKEN_LIBRARIES.test(path)
        ? []
        : imports
            .filter(({ specifier }) => specifier === '#crypto')
            .flatMap(({ values }) => values)
            .filter((name) => keys.includes(name));
      const table = MAY_NAME_SEALED.test(path) ? undefined : SEALED_TABLES.exec(text)?.[0];
      return [...opened.map((name) => `imports ${name} of #crypto`), ...(table ? [`names the table ${table}`] : [])];
    }),
  },
  {
    name: 'packages',
    sentence:
      'a package of the infrastructure is imported in one place (the queue in libs/jobs, HTTP in the apps, logging in libs/observability)',
    breaches: eachSource(({ path, imports }) =>
      imports
        .filter(({ specifier }) => PACKAGES[packageOf(specifier) ?? '']?.every((prefix) => !path.startsWith(prefix)))
        .map(({ specifier }) => `imports ${specifier}`),
    ),
  },
  {
    name: 'plain tokens',
    sentence:
      'libs/tokens and libs/exchanger, with all they load, are plain TypeScript on pg, because the exchanger is a small process: no Nest, no TypeORM, no queue',
    breaches(tree) {
      const own = production(tree).filter(({ path }) => TOKEN_LIBRARIES.test(path));
      const below = loadedBy(
        own.map(({ path }) => path),
        loadsOf(tree),
      );
      return production(tree)
        .filter(({ path }) => below.has(path))
        .flatMap(({ path, imports }) =>
          imports
            .filter((one) => isHeavy(one) && (!one.erased || TOKEN_LIBRARIES.test(path)))
            .map(({ specifier }) => `${path} imports ${specifier}`),
        );
    },
  },
];

const isHeavy = ({ specifier }: Import): boolean => NOT_IN_EXCHANGER.test(packageOf(specifier) ?? '');

function crossesByPath(tree: Tree, path: string, specifier: string): boolean {
  if (specifier.startsWith('#')) return !doorsOf(tree).has(specifier);
  if (/^(\/|(apps|libs|dist|test)\/)/.test(specifier)) return true;
  const target = fileOf(path, specifier);
  if (target === undefined || projectOf(target) === projectOf(path)) return false;
  return !maySee(path, target);
}

/** Tests in apps and libs may import test/support, tests in test/ any file; tests of the running service only what starts it. */
function maySee(path: string, target: string): boolean {
  if (/^test\/(e2e|faults)\//.test(path)) return target.startsWith('tools/start/');
  return path.startsWith('test/') || (isTest(path) && target.startsWith('test/support/'));
}
