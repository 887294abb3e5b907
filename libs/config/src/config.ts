import { readFileSync } from 'node:fs';
import { type z } from 'zod';
import { ConfigError } from './config-error.js';
import * as sections from './sections.js';

type Section = keyof typeof sections;
export type Config<Chosen extends Section> = { readonly [Name in Chosen]: z.output<(typeof sections)[Name]> };

/** The sections of the environment that each process reads; no process reads more. */
export type ApiConfig = Config<
  | 'process'
  | 'http'
  | 'limits'
  | 'sandbox'
  | 'database'
  | 'queue'
  | 'masterKeys'
  | 'customProviders'
  | 'callers'
  | 'metrics'
  | 'exchangerSocket'
>;
export type WorkerConfig = Config<
  | 'process'
  | 'limits'
  | 'sandbox'
  | 'database'
  | 'queue'
  | 'masterKeys'
  | 'customProviders'
  | 'worker'
  | 'http'
  | 'metrics'
  | 'retention'
  | 'exchangerSocket'
  | 'gate'
>;
export type ExchangerConfig = Config<
  'process' | 'sandbox' | 'database' | 'masterKeys' | 'customProviders' | 'exchangerSocket' | 'exchanger' | 'gate'
>;
export type SandboxConfig = Config<'process' | 'sandbox' | 'home'>;
export type SeedConfig = ApiConfig & Config<'seed'>;
export type MigrationConfig = Config<'process' | 'database' | 'queue'>;
export type TokenConfig = Config<'home' | 'callers'>;
export type KeysConfig = Config<'process' | 'database' | 'callers'>;

export const readApiConfig = (env: NodeJS.ProcessEnv): ApiConfig =>
  read(
    env,
    'process',
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
  );
export const readWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig =>
  read(
    env,
    'process',
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
  );
export const readExchangerConfig = (env: NodeJS.ProcessEnv): ExchangerConfig =>
  read(env, 'process', 'sandbox', 'database', 'masterKeys', 'customProviders', 'exchangerSocket', 'exchanger', 'gate');
export const readSandboxConfig = (env: NodeJS.ProcessEnv): SandboxConfig => read(env, 'process', 'sandbox', 'home');
export const readMigrationConfig = (env: NodeJS.ProcessEnv): MigrationConfig =>
  read(env, 'process', 'database', 'queue');

export const readTokenConfig = (env: NodeJS.ProcessEnv): TokenConfig => read(env, 'home', 'callers');
export const readKeysConfig = (env: NodeJS.ProcessEnv): KeysConfig => read(env, 'process', 'database', 'callers');

export const readSeedConfig = (env: NodeJS.ProcessEnv): SeedConfig => ({ ...readApiConfig(env), ...read(env, 'seed') });

/** Reads the chosen sections. A `ConfigError` lists every problem of all of them, without any value. */
function read<Chosen extends Section>(env: NodeJS.ProcessEnv, ...chosen: Chosen[]): Config<Chosen> {
  const { given, problems } = withFiles(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
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
