import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { AppProcess, type CommandOutput, runNode } from './app-process.js';

export interface ComposeService {
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  secrets?: string[];
}

export interface Compose {
  services: Record<string, ComposeService>;
  configs: Record<string, unknown>;
  secrets: Record<string, unknown>;
}

export const readCompose = (): Compose => parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as Compose;

/** A shell command as its words; quotes keep spaces, and nothing is expanded. */
export const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain!);

/** `${NAME:-default}` is the default and `${NAME:+value}` is empty: the variable is not set in an .env file. */
const withoutEnvFile = (text: string): string =>
  text.replace(/\$\{\w+:([-+])([^}]*)\}/g, (_, operator: string, word: string) => (operator === '-' ? word : ''));

/**
 * Runs services of docker-compose.yml as processes of this machine: with their commands and variables, with secrets from
 * files, on the database of a test. The queue is in PostgreSQL, and all paths are in a temporary folder.
 */
export class ComposeProcesses {
  readonly #folder = mkdtempSync(join(tmpdir(), 'evergrant-compose-'));
  readonly #databaseUrl: URL;

  constructor(databaseUrl: string) {
    this.#databaseUrl = new URL(databaseUrl);
    mkdirSync(join(this.#folder, 'secrets'));
    const secrets = {
      'postgres-password': decodeURIComponent(this.#databaseUrl.password),
      'redis-password': 'not used',
      'master-keys': `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      'metrics-token': 'a token for the metrics',
    };
    for (const [name, secret] of Object.entries(secrets))
      writeFileSync(join(this.#folder, 'secrets', name), `${secret}\n`);
    this.#databaseUrl.password = '';
  }

  /** Runs `docker compose run <service> <command>` to its end. */
  run(service: string, command = commandOf(service)): Promise<CommandOutput> {
    return runNode(command, this.#environmentOf(service));
  }

  /** Starts the service; settles when it is ready. */
  start(service: string, port: number): Promise<AppProcess> {
    return AppProcess.startNode(commandOf(service), { ...this.#environmentOf(service), PORT: String(port) });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #environmentOf(service: string): NodeJS.ProcessEnv {
    const given = Object.entries(readCompose().services[service]?.environment ?? {}).map(([name, value]) => [
      name,
      withoutEnvFile(value)
        .replace('/run/secrets/', `${this.#folder}/secrets/`)
        .replace('/run/evergrant/', `${this.#folder}/`),
    ]);
    return {
      ...(Object.fromEntries(given) as NodeJS.ProcessEnv),
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      EVERGRANT_HOME: this.#folder,
      DATABASE_URL: this.#databaseUrl.href,
      REDIS_URL: '',
    };
  }
}

function commandOf(service: string): string[] {
  const command = readCompose().services[service]?.command;
  if (!command) throw new Error(`docker-compose.yml has no command for ${service}`);
  return command;
}
