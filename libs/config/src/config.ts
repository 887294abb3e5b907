import { type z } from 'zod';
import { ConfigError } from './config-error.js';
import * as sections from './sections.js';

type Section = keyof typeof sections;
export type Config<Chosen extends Section> = { readonly [Name in Chosen]: z.output<(typeof sections)[Name]> };

/** What each process reads of the environment, and nothing else. */
export type ApiConfig = Config<'process' | 'http' | 'limits' | 'sandbox' | 'database' | 'queue' | 'masterKeys' | 'customProviders' | 'callers' | 'metrics' | 'exchangerSocket'>;
export type WorkerConfig = Config<'process' | 'limits' | 'sandbox' | 'database' | 'queue' | 'masterKeys' | 'customProviders' | 'worker' | 'http' | 'metrics' | 'retention' | 'exchangerSocket' | 'gate'>;
export type ExchangerConfig = Config<'process' | 'sandbox' | 'database' | 'masterKeys' | 'customProviders' | 'exchangerSocket' | 'exchanger' | 'gate'>;
export type SandboxConfig = Config<'process' | 'sandbox' | 'home'>;
export type SeedConfig = ApiConfig & Config<'seed'>;
export type MigrationConfig = Config<'process' | 'database' | 'queue'>;

export const readApiConfig = (env: NodeJS.ProcessEnv): ApiConfig =>
  read(env, 'process', 'http', 'limits', 'sandbox', 'database', 'queue', 'masterKeys', 'customProviders', 'callers', 'metrics', 'exchangerSocket');
export const readWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig =>
  read(env, 'process', 'limits', 'sandbox', 'database', 'queue', 'masterKeys', 'customProviders', 'worker', 'http', 'metrics', 'retention', 'exchangerSocket', 'gate');
export const readExchangerConfig = (env: NodeJS.ProcessEnv): ExchangerConfig =>
  read(env, 'process', 'sandbox', 'database', 'masterKeys', 'customProviders', 'exchangerSocket', 'exchanger', 'gate');
export const readSandboxConfig = (env: NodeJS.ProcessEnv): SandboxConfig => read(env, 'process', 'sandbox', 'home');
export const readMigrationConfig = (env: NodeJS.ProcessEnv): MigrationConfig => read(env, 'process', 'database', 'queue');

export const readSeedConfig = (env: NodeJS.ProcessEnv): SeedConfig => ({ ...readApiConfig(env), ...read(env, 'seed') });

/** Reads the chosen sections; every problem of all of them is told at once, none with the value in it. */
function read<Chosen extends Section>(env: NodeJS.ProcessEnv, ...chosen: Chosen[]): Config<Chosen> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const results = chosen.map((name) => [name, sections[name].safeParse(given)] as const);
  const problems = results.flatMap(([, result]) => result.error?.issues ?? []);
  if (problems.length > 0) {
    throw new ConfigError([...new Set(problems.map((issue) => `${issue.path.join('.')}: ${issue.message}`))]);
  }
  return Object.fromEntries(results.map(([name, result]) => [name, result.data])) as Config<Chosen>;
}
