import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SECRETS } from '../libs/config/src/config.js';
import * as sections from '../libs/config/src/sections.js';
import { type ComposeService, readCompose, wordsOf } from './support/compose.js';

const compose = readCompose();
const ours = Object.entries(compose.services).filter(([, service]) => service.build);
const known = new Set(Object.values(sections).flatMap((section) => Object.keys(section.in.shape)));
const example = readFileSync('.env.example', 'utf8');
const dockerfile = readFileSync('Dockerfile', 'utf8');

/** Variables that an .env file does not set: the containers have fixed values, or they are for development. */
const OF_THE_CONTAINERS = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'SANDBOX_HOST',
  'SANDBOX_PORT',
  'SANDBOX_URL',
  'EVERGRANT_HOME',
  'DATABASE_POOL',
  'EXCHANGER_SOCKET',
  'JOURNAL_DIR',
  'CRASH_AT',
  'SEED_TEST_API_KEY',
  ...SECRETS,
  ...SECRETS.map((name) => `${name}_FILE`),
];
const taken = [...known].filter((name) => !OF_THE_CONTAINERS.includes(name)).sort();

/** The volume that holds a path. */
const volumeOf = ({ volumes = [] }: ComposeService, path: string): string | undefined =>
  volumes.map((volume) => volume.split(':')).find(([, place]) => path.startsWith(`${place}/`))?.[0];

/** The source file of a bundled entry. */
const sourceOf = (entry = ''): string => entry.replace(/^dist\/bundle\/(.*)\.js$/, 'apps/$1/src/main.ts');

/** `node` options, the entry of an app, and for apps/cli one of its commands; undefined when the command is right. */
function errorIn(command: string[] = []): string | undefined {
  const [entry = '', ...args] = command.slice(command.findIndex((word) => !word.startsWith('--')));
  const app = /^dist\/bundle\/([a-z]+)\.js$/.exec(entry)?.[1];
  if (!app || !existsSync(sourceOf(entry))) return `"${entry}" is not the entry of an app`;
  return app === 'cli' ? errorInCliCommand(args) : args.length > 0 ? `${app} takes no arguments` : undefined;
}

const errorInCliCommand = ([name]: string[]): string | undefined =>
  existsSync(`apps/cli/src/commands/${name}.ts`) ? undefined : `"${name}" is not a command of apps/cli`;

describe('docker-compose.yml', () => {
  it('runs every app, and the migration before the apps that need it', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(['api', 'exchanger', 'migrate', 'sandbox', 'worker']);
    for (const name of ['api', 'exchanger', 'worker']) {
      expect(compose.services[name]?.depends_on?.migrate?.condition).toBe('service_completed_successfully');
    }
  });

  it.each(ours)('runs the entry of an app that exists: %s', (_name, { command }) => {
    expect(errorIn(command)).toBeUndefined();
  });

  it.each(ours)('sets only variables that a process reads: %s', (_name, { environment = {} }) => {
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(ours.filter(([name]) => name !== 'sandbox'))(
    'takes every setting of an operator from an .env file: %s',
    (_name, { environment = {} }) => {
      expect(
        Object.entries(environment)
          .filter(([name, value]) => new RegExp(`[$][{]${name}:`).test(value))
          .map(([name]) => name)
          .sort(),
      ).toEqual(taken);
      expect(environment).not.toHaveProperty('HOST');
    },
  );

  it.each([
    ['CUSTOM_PROVIDERS_FILE', 'providers'],
    ['JWT_PUBLIC_KEY_FILE', 'jwt-public-key'],
  ])('mounts the file that is named: %s', (variable, source) => {
    const target = `/etc/evergrant/${source}.json`;
    expect(compose.configs[source]).toEqual({ file: `\${${variable}:-/dev/null}` });
    expect(compose.services.api).toMatchObject({
      environment: { [variable]: `\${${variable}:+${target}}` },
      configs: expect.arrayContaining([{ source, target }]),
    });
  });

  it("mounts the exchanger's socket on a volume shared with its callers, and its journal on a volume of its own", () => {
    const { exchanger, ...others } = compose.services;
    const { EXCHANGER_SOCKET: socket = '', JOURNAL_DIR: journal = '' } = exchanger!.environment!;
    for (const name of ['api', 'exchanger', 'worker']) {
      expect(compose.services[name]?.environment?.EXCHANGER_SOCKET).toBe(socket);
      expect(volumeOf(compose.services[name]!, socket)).toBe('socket');
    }
    const kept = volumeOf(exchanger!, journal);
    expect(kept).toBe('journal');
    expect(
      Object.values(others)
        .flatMap(({ volumes = [] }) => volumes)
        .filter((volume) => volume.startsWith(`${kept}:`)),
    ).toEqual([]);
  });

  it('gives the exchanger enough time to finish its exchanges before it is stopped', () => {
    expect(compose.services.exchanger).toMatchObject({ stop_grace_period: '130s', mem_limit: '384m' });
    expect(compose.services.exchanger).not.toHaveProperty('deploy');
  });

  it('gives secrets as files to the processes that read them, and none to the sandbox', () => {
    for (const name of ['api', 'exchanger', 'migrate', 'worker']) {
      const { environment = {}, secrets = [] } = compose.services[name]!;
      const files = Object.entries(environment)
        .filter(([variable]) => SECRETS.some((secret) => variable === `${secret}_FILE`))
        .map(([, path]) => path);
      expect(files.length).toBeGreaterThan(0);
      expect(files.map((path) => path.replace('/run/secrets/', '')).sort()).toEqual(secrets.toSorted());
    }
    expect(Object.keys(compose.services.sandbox?.environment ?? {})).toEqual(['SANDBOX_URL']);
    expect(compose.services.sandbox?.secrets).toEqual([]);
  });

  it('contains no secret in an environment, a command or a URL', () => {
    const secrets = Object.values(compose.services).map(({ environment, command }) =>
      JSON.stringify({ environment, command }),
    );
    expect(
      secrets.filter((text) =>
        /\$\{[A-Z_]*(PASSWORD|TOKEN|MASTER_KEYS|SECRET)\b(?!_FILE)|:\/\/[^"/@]+:[^"/@]+@/.test(text),
      ),
    ).toEqual([]);
    expect(Object.keys(compose.secrets).sort()).toEqual([
      'master-keys',
      'metrics-token',
      'postgres-password',
      'redis-password',
    ]);
  });

  it.each(Object.entries(compose.services))(
    'drops every capability of %s that its entrypoint does not need, and forbids new privileges',
    (_name, service) => {
      expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      if (service.build) expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'] });
      if (service.build) expect(service).not.toHaveProperty('cap_add');
    },
  );
});

describe('the check of a command of docker-compose.yml', () => {
  it.each([
    [['dist/apps/api/src/migrate.js'], '"dist/apps/api/src/migrate.js" is not the entry of an app'],
    [['dist/bundle/web.js'], '"dist/bundle/web.js" is not the entry of an app'],
    [['node', 'dist/bundle/api.js'], '"node" is not the entry of an app'],
    [['dist/bundle/cli.js', 'migrat'], '"migrat" is not a command of apps/cli'],
    [['dist/bundle/cli.js'], '"undefined" is not a command of apps/cli'],
    [['dist/bundle/worker.js', 'migrate'], 'worker takes no arguments'],
    [undefined, '"" is not the entry of an app'],
  ])('reports the error in %j', (command, error) => {
    expect(errorIn(command)).toBe(error);
  });

  it.each([[['--max-old-space-size=128', 'dist/bundle/exchanger.js']], [['dist/bundle/cli.js', 'migrate', '--undo']]])(
    'accepts the command %j',
    (command) => {
      expect(errorIn(command)).toBeUndefined();
    },
  );
});

describe('a document that runs a command of a service', () => {
  const CLI = 'dist/bundle/cli.js';
  const folders = ['.', 'docs', 'docs/runbooks'];
  const documents = [
    'docker-compose.yml',
    ...folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`),
    ),
  ];
  const commands = documents.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/docker compose run ([^`#\n]+)/g)].map(([, text]) => {
      const words = wordsOf(text!);
      const [service, ...command] = words.slice(words.findIndex((word) => !word.startsWith('-')));
      return [path, service!, command] as const;
    }),
  );

  it('creates the first live key in the README', () => {
    expect(commands).toContainEqual(['./README.md', 'migrate', expect.arrayContaining(['keys', 'create'])]);
  });

  it.each(commands)(
    'names a service and a built entry, without `node`, which is the entrypoint: %s, %s %j',
    (_path, service, command) => {
      expect(ours.map(([name]) => name)).toContain(service);
      if (command.length > 0) expect(existsSync(sourceOf(command[0]))).toBe(true);
      if (command[0] === CLI) expect(errorIn(command)).toBeUndefined();
    },
  );
});

describe('Dockerfile', () => {
  it('starts an app by default, and does not run as root', () => {
    const [, command] = /^CMD \["(.*)"\]$/m.exec(dockerfile) ?? [];
    expect(existsSync(sourceOf(command))).toBe(true);
    expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM'));
  });

  it('sets only variables that a process reads', () => {
    const set = [...dockerfile.matchAll(/([A-Z_]+)=(?=\S)/g)].map(([, name]) => name);
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((name) => !known.has(name!))).toEqual([]);
  });
});

describe('.env.example', () => {
  it('lists exactly the variables that the processes read', () => {
    expect([...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name).sort()).toEqual([...known].sort());
  });

  it.each(Object.entries(sections))('documents the defaults of the section %s', (_name, section) => {
    const given = Object.fromEntries(
      [...example.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(section.safeParse(given).data).toEqual(section.safeParse({}).data);
  });
});
