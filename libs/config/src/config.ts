import { readFileSync } from 'node:fs';
import { type z } from 'zod';
import { ConfigError } from './config-error.js';
import * as sections from './sections.js';

type Section = keyof typeof sections;
export type Config<Chosen extends Section> = { readonly [Name in Chosen]: z.output<(typeof sections)[Name]> };

/** The sections of the environment that each process and command reads; none reads more, and none opens a file of another. */
const SECTIONS_OF = {
  api: [
    'process',
    'tracing',
    'http',
    'limits',
    'sandbox',
    'database',
    'queue',
    'masterKeys',
    'customProviders',
    'callers',
    'metrics',
    'exchangerSocket',
    'webhooks',
  ],
  worker: [
    'process',
    'tracing',
    'limits',
    'sandbox',
    'database',
    'queue',
    'masterKeys',
    'customProviders',
    'worker',
    'http',
    'metrics',
    'retention',
    'exchangerSocket',
    'gate',
    'webhooks',
  ],
  exchanger: [
    'process',
    'tracing',
    'sandbox',
    'database',
    'masterKeys',
    'customProviders',
    'exchangerSocket',
    'exchanger',
    'gate',
  ],
  sandbox: ['process', 'sandbox', 'home'],
  migration: ['process', 'database', 'queue'],
  token: ['home', 'callers'],
  keys: ['process', 'database', 'callers'],
  masterKeys: ['process', 'database', 'masterKeys'],
  /** What `AccountsModule` and the making of keys and apps need. */
  seed: ['process', 'http', 'limits', 'sandbox', 'database', 'masterKeys', 'callers', 'exchangerSocket', 'seed'],
} as const satisfies Record<string, readonly Section[]>;

type ConfigOf<Process extends keyof typeof SECTIONS_OF> = Config<(typeof SECTIONS_OF)[Process][number]>;
export type ApiConfig = ConfigOf<'api'>;
export type WorkerConfig = ConfigOf<'worker'>;
export type ExchangerConfig = ConfigOf<'exchanger'>;
export type SandboxConfig = ConfigOf<'sandbox'>;
export type SeedConfig = ConfigOf<'seed'>;
export type MigrationConfig = ConfigOf<'migration'>;
export type TokenConfig = ConfigOf<'token'>;
export type KeysConfig = ConfigOf<'keys'>;
export type MasterKeysConfig = ConfigOf<'masterKeys'>;

export const readApiConfig = (env: NodeJS.ProcessEnv): ApiConfig => read(env, ...SECTIONS_OF.api);
export const readWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig => read(env, ...SECTIONS_OF.worker);
export const readExchangerConfig = (env: NodeJS.ProcessEnv): ExchangerConfig => read(env, ...SECTIONS_OF.exchanger);
export const readSandboxConfig = (env: NodeJS.ProcessEnv): SandboxConfig => read(env, ...SECTIONS_OF.sandbox);
export const readMigrationConfig = (env: NodeJS.ProcessEnv): MigrationConfig => read(env, ...SECTIONS_OF.migration);
export const readTokenConfig = (env: NodeJS.ProcessEnv): TokenConfig => read(env, ...SECTIONS_OF.token);
export const readKeysConfig = (env: NodeJS.ProcessEnv): KeysConfig => read(env, ...SECTIONS_OF.keys);
export const readMasterKeysConfig = (env: NodeJS.ProcessEnv): MasterKeysConfig => read(env, ...SECTIONS_OF.masterKeys);
export const readSeedConfig = (env: NodeJS.ProcessEnv): SeedConfig => read(env, ...SECTIONS_OF.seed);

/** Reads the chosen sections. A `ConfigError` lists every problem of all of them, without the value of a secret. */
function read<Chosen extends Section>(env: NodeJS.ProcessEnv, ...chosen: Chosen[]): Config<Chosen> {
  const used = new Set(chosen.flatMap((name) => Object.keys(sections[name].in.shape)));
  const { given, problems } = withFiles(
    Object.fromEntries(Object.entries(env).filter(([name, value]) => used.has(name) && value !== '')),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const results = chosen.map((name) => [name, sections[name].safeParse(given)] as const);
  const issues = results.flatMap(([, result]) => result.error?.issues ?? []);
  if (issues.length > 0) {
    throw new ConfigError([...new Set(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))]);
  }
  return Object.fromEntries(results.map(([name, result]) => [name, result.data])) as Config<Chosen>;
}

/** Variables whose value may be read from a file, such as a mounted secret, named by the variable with the suffix `_FILE`. */
export const SECRETS = [
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'MASTER_KEYS',
  'METRICS_TOKEN',
] as const;

/** Replaces each `<NAME>_FILE` by the file's content, trimmed: editors and `echo` add a line end. */
function withFiles(env: NodeJS.ProcessEnv): { given: NodeJS.ProcessEnv; problems: string[] } {
  const given = { ...env };
  const problems: string[] = [];
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`];
    if (path === undefined) continue;
    try {
      const text = readFileSync(path, 'utf8').trim();
      if (env[name] !== undefined) problems.push(`${name}: is set together with ${name}_FILE; unset one of them`);
      else if (text === '') problems.push(`${name}_FILE: the file ${path} is empty`);
      else given[name] = text;
    } catch (error) {
      problems.push(
        `${name}_FILE: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      );
    }
  }
  return { given, problems };
}
