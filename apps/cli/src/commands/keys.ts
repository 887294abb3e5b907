import type { Command } from 'commander';
import type { ApiScope } from '#accounts';
import { type KeysConfig, readKeysConfig } from '#config';
import { CodedError, codeOf, type Logger, type Secret } from '#observability';
import type { Environment } from '#persistence';
import { once } from '../options.js';
import { runOnce } from '../run-once.js';
import { addMasterKeys } from './master-keys.js';

/** The options as commander reads them. */
interface CreateOptions {
  workspace: string;
  createWorkspace?: boolean;
  name: string;
  environment: string;
  scopes?: string;
}

interface KeyRequest {
  workspace: string;
  createWorkspace: boolean;
  name: string;
  environment: Environment;
  scopes?: ApiScope[] | undefined;
}

/**
 * `keys create`: the way to the first API key of an installation, which has no credential that could make it over HTTP. The
 * other commands of `keys` are about master keys.
 */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description(
      'Makes API keys (create) and rotates master keys (status, rotate, retire). Needs neither a running API nor a credential of it.',
    );
  addCreate(keys);
  addMasterKeys(keys);
}

function addCreate(keys: Command): void {
  keys
    .command('create')
    .description(
      'Makes an API key and prints it on stdout, this once: the database stores its SHA-256. Reads DATABASE_URL and API_KEY_PREFIX.',
    )
    .requiredOption('--workspace <name>', 'the workspace of the key; the first one of an installation is made', once())
    .option('--create-workspace', 'make the workspace if there is none of that name')
    .requiredOption('--name <text>', 'a name for the key in lists', once())
    .option('--environment <live|test>', 'the environment of the key', once(), 'live')
    .option(
      '--scopes <list>',
      'the scopes of the key, separated by commas (default: those of a key made over HTTP)',
      once(),
    )
    .action(async (options: CreateOptions, command: Command) => {
      const request = await readRequest(options, command);
      await runOnce('keys', (logger) => createKey(request, logger));
    });
}

/** Checks the options by the rules of the HTTP API; one line names each option that breaks one. */
async function readRequest(options: CreateOptions, command: Command): Promise<KeyRequest> {
  const { apiKeyFields, workspaceName } = await import('#accounts');
  const { z } = await import('zod');
  const schema = z.object({
    ...apiKeyFields,
    workspace: workspaceName,
    createWorkspace: z.boolean().default(false),
    scopes: z.preprocess((given) => listOf(given), apiKeyFields.scopes.optional()),
  });
  const { data, error } = schema.safeParse(options);
  if (data) return data;
  const problems = error.issues.map(({ path: [option], message }) => `option --${String(option)}: ${message}`);
  return command.error(`error: ${[...new Set(problems)].join('\n       ')}`);
}

const listOf = (given: unknown): string[] | undefined =>
  typeof given === 'string' ? given.split(',').map((scope) => scope.trim()) : undefined;

async function createKey(request: KeyRequest, logger: Logger): Promise<void> {
  const config = readKeysConfig(process.env);
  logger.level = config.process.logLevel;
  const { key, ...made } = await storeKey(request, config, logger).catch((error: unknown) => {
    throw explain(error);
  });
  logger.info(made, 'api_key.created');
  process.stdout.write(`${key.reveal()}\n`);
}

const NOT_MIGRATED = 'The database does not have the tables of this release: run the command "migrate" first.';

function explain(error: unknown): unknown {
  if (withoutTables(error)) return new CodedError('database.not_migrated', NOT_MIGRATED, { cause: error });
  if (!(error instanceof CodedError) || error.code !== 'workspace.unknown') return error;
  return new CodedError(error.code, `${error.message} Add --create-workspace to make a new one.`);
}

/** SQLSTATE undefined_table and undefined_column. */
const withoutTables = (error: unknown): boolean => ['42P01', '42703'].includes(codeOf(error) ?? '');

interface MadeKey {
  key: Secret;
  keyPrefix: string;
  workspace: string;
  environment: Environment;
  scopes: string[];
}

async function storeKey(request: KeyRequest, config: KeysConfig, logger: Logger): Promise<MadeKey> {
  const { API_SCOPES, CreateApiKey, EnsureWorkspace } = await import('#accounts');
  const { openDatabase } = await import('#persistence');
  const { workspace, createWorkspace, name, environment, scopes } = request;
  const database = await openDatabase({ url: config.database.url, pool: 2, name: 'keys', logger });
  try {
    const workspaces = new EnsureWorkspace(database);
    const workspaceId = await (createWorkspace ? workspaces.execute(workspace) : workspaces.executeKnown(workspace));
    const tenant = { workspaceId, environment };
    const caller = { tenant, kind: 'operator' as const, scopes: API_SCOPES };
    const createKey = new CreateApiKey(database, config.callers.apiKeyPrefix);
    const { record, key } = await createKey.execute({ caller, name, scopes, returnHosts: [] });
    return { key, keyPrefix: record.keyPrefix, workspace, environment, scopes: record.scopes };
  } finally {
    await database.close();
  }
}
