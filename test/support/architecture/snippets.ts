type Files = Record<string, string>;

/** A rule's name, what is tried, and the files that break it or keep it. */
export type Snippet = [rule: string, what: string, files: Files];

const DOORS = {
  'package.json': JSON.stringify({
    imports: {
      '#config': './dist/libs/config/src/index.js',
      '#persistence': './dist/libs/persistence/src/index.js',
      '#persistence/sealed': './dist/libs/persistence/src/sealed/index.js',
      '#persistence/sql': './dist/libs/persistence/src/sql.js',
      '#exchanger': './dist/libs/exchanger/src/index.js',
      '#tokens': './dist/libs/tokens/src/index.js',
    },
  }),
};
const PLATFORMS = {
  'libs/providers/src/x/x.provider.ts': `export const x = { name: 'x', host: 'https://api.x.com' };`,
  'libs/providers/src/tiktok/tiktok.provider.ts': `export const tiktok = { name: 'tiktok' };`,
};
const ATTEMPT = {
  'libs/persistence/src/attempt.entity.ts': `@Entity('connect_attempts')\nexport class ConnectAttempt {}`,
};
const app = { type: 'application', root: 'apps/api', entryFile: 'main', sourceRoot: 'apps/api/src' };
const map = (projects: object): Files => ({ 'nest-cli.json': JSON.stringify({ projects }) });
const one =
  (path: string) =>
  (text: string): Files => ({ [path]: text });
const api = one('apps/api/src/connect/start.ts');
const tokens = one('libs/tokens/src/refresh.ts');
const accounts = one('libs/accounts/src/connect.ts');
const exchanger = one('libs/exchanger/src/refresh.ts');

const ONE_WRITER = 'one writer for each table';

/** Each of these must be found. */
export const breaking: Snippet[] = [
  ['arrows', 'the API opens libs/tokens', api(`import { Vault } from '#tokens';`)],
  ['arrows', 'the API opens sealed rows', api(`import { grantTokens } from '#persistence/sealed';`)],
  ['arrows', 'the worker loads imitations', one('apps/worker/src/main.ts')(`import '#providers/sandbox';`)],
  ['arrows', 'libs/accounts opens sealed rows', accounts(`import type { SealedRow } from '#persistence/sealed';`)],
  ['arrows', 'accounts depend on the queue', accounts(`const jobs = await import('#jobs');`)],
  ['arrows', 'an arrow goes up', one('libs/crypto/src/keyring.ts')(`export { Vault } from '#tokens';`)],
  ['arrows', 'two of one row meet', one('libs/persistence/src/tx.ts')(`import { digest } from '#crypto';`)],
  ['arrows', 'an arrow goes up in a type', one('libs/crypto/src/keyring.ts')(`type A = import('#accounts').Account;`)],
  ['arrows', 'accounts open the exchanger', accounts(`import { startExchanger } from '#exchanger';`)],
  ['arrows', 'the exchanger opens accounts', exchanger(`import type { AccountsModule } from '#accounts';`)],
  ['arrows', 'the API opens the exchanger', api(`import { startExchanger } from '#exchanger';`)],
  ['arrows', 'accounts open the statements of the exchanges', accounts(`import { claimGrant } from '#tokens/store';`)],
  ['arrows', 'a library outside the list', one('libs/utils/src/index.ts')('export {};')],
  [
    'borders',
    'a path into another library',
    { ...DOORS, ...accounts(`import { Vault } from '../../tokens/src/vault.js';`) },
  ],
  ['borders', 'a deep door', { ...DOORS, ...accounts(`import { Vault } from '#tokens/vault';`) }],
  ['borders', 'a path from the root', { ...DOORS, ...accounts(`import { Vault } from 'libs/tokens/src/vault.js';`) }],
  [
    'borders',
    'a test of the whole reaches inside',
    { ...DOORS, ...one('test/e2e/a.e2e-spec.ts')(`import '../../libs/tokens/src/vault.js';`) },
  ],
  [
    'borders',
    'the service uses what tests use',
    { ...DOORS, ...accounts(`import '../../../test/support/database.js';`) },
  ],
  ['own door', 'by its name', { ...DOORS, ...tokens(`import { Vault } from '#tokens';`) }],
  ['own door', 'by its path', { ...DOORS, ...tokens(`export { Vault } from './index.js';`) }],
  [
    'inner doors',
    'the main door shows sealed rows',
    one('libs/persistence/src/index.ts')(`export * from './sealed/index.js';`),
  ],
  [
    'inner doors',
    'the main door loads imitations',
    one('libs/providers/src/index.ts')(`export { xSandbox } from './x/x.sandbox.js';`),
  ],
  [
    'inner doors',
    'a definition depends on its imitation',
    one('libs/providers/src/x/x.provider.ts')(`import './x.sandbox.js';`),
  ],
  [
    'names of platforms only',
    'the API takes a function',
    api(`import { PROVIDER_NAMES, providerOf } from '#providers';`),
  ],
  [
    'names of platforms only',
    'a command takes a function',
    one('apps/cli/src/commands/a.ts')(`import { providerOf } from '#providers';`),
  ],
  ['names of platforms only', 'under another name', api(`import { providerOf as PROVIDER_NAMES } from '#providers';`)],
  [
    'names of platforms only',
    'the worker takes all',
    one('apps/worker/src/a.ts')(`import * as providers from '#providers';`),
  ],
  ['keys in two libraries', 'accounts open a row', accounts(`import { openRow } from '#crypto';`)],
  ['keys in two libraries', 'the API holds the keys', api(`import { Keyring } from '#crypto';`)],
  ['keys in two libraries', 'accounts name a sealed table', accounts('const sql = `select * from grant_tokens`;')],
  ['packages', 'the API depends on the queue', api(`import { Queue } from 'bullmq';`)],
  ['packages', 'the API depends on Redis', api(`import type { Redis } from 'ioredis';`)],
  ['packages', 'a library depends on HTTP', accounts(`import type { FastifyRequest } from 'fastify';`)],
  ['plain tokens', 'tokens use Nest', tokens(`import { Injectable } from '@nestjs/common';`)],
  ['plain tokens', 'tokens use TypeORM', tokens(`import type { EntityManager } from 'typeorm';`)],
  ['plain tokens', 'the exchanger uses Nest', exchanger(`import { Injectable } from '@nestjs/common';`)],
  ['plain tokens', 'tokens use the queue', tokens(`import { Job } from 'bullmq';`)],
  [
    'plain tokens',
    'what tokens load loads TypeORM',
    {
      ...DOORS,
      ...tokens(`import { transaction } from '#persistence/sql';`),
      'libs/persistence/src/sql.ts': `export { Database } from './database.js';`,
      'libs/persistence/src/database.ts': `import { DataSource } from 'typeorm';`,
    },
  ],
  ['arrows', 'tokens open the door to TypeORM', tokens(`import { Database } from '#persistence';`)],
  ['no cycles', 'two files', { 'libs/jobs/src/a.ts': `import './b.js';`, 'libs/jobs/src/b.ts': `import './a.js';` }],
  [
    'no cycles',
    'through a door',
    {
      ...DOORS,
      'libs/tokens/src/index.ts': `export * from './a.js';`,
      'libs/tokens/src/a.ts': `import { Vault } from '#tokens';`,
    },
  ],
  [
    'no cycles',
    'by names that are types, of a file that is loaded',
    {
      'libs/jobs/src/a.ts': `import { type B } from './b.js';`,
      'libs/jobs/src/b.ts': `import { type A } from './a.js';`,
    },
  ],
  [
    'no cycles',
    'a circle closed by an import of types',
    {
      'libs/jobs/src/a.ts': `import type { B } from './b.js';`,
      'libs/jobs/src/b.ts': `import './a.js';`,
    },
  ],
  ['platforms at home', 'a name of one letter, as a text', { ...PLATFORMS, ...api(`if (provider === 'x') slow();`) }],
  ['platforms at home', 'a name of one letter, as a word', { ...PLATFORMS, ...api('const xProvider = 1;') }],
  ['platforms at home', 'a host', { ...PLATFORMS, ...api('fetch("https://api.x.com/2/users/me");') }],
  ['platforms at home', 'a path', { ...PLATFORMS, ...api('const url = `${base}/v1/oauth/x/start`;') }],
  ['platforms at home', 'a longer name within a word', { ...PLATFORMS, ...accounts('const isTikTokApp = true;') }],
  ['platforms at home', 'a longer name in a remark', { ...PLATFORMS, ...accounts('// as TikTok does') }],
  [
    'platforms at home',
    "in a neighbour's folder",
    { ...PLATFORMS, ...one('libs/providers/src/x/x.errors.ts')(`const a = 'tiktok';`) },
  ],
  ['one reader of the environment', 'a use case reads it', api('const port = process.env.PORT;')],
  ['one reader of the environment', 'by its name in brackets', api(`const { PORT } = process['env'];`)],
  ['one reader of the environment', 'taken apart', api('const { env } = process;')],
  ['one reader of the environment', 'imported', api(`import { env } from 'node:process';`)],
  ['one reader of the environment', 'main reads a variable', one('apps/api/src/main.ts')('listen(process.env.PORT);')],
  [
    'one reader of the environment',
    'a command passes it to a helper',
    one('apps/cli/src/commands/a.ts')('run(process.env);'),
  ],
  [
    'one reader of the environment',
    'a helper of the commands reads it',
    one('apps/cli/src/run-once.ts')('readApiConfig(process.env);'),
  ],
  ['no synchronize', 'as an option', one('libs/persistence/src/a.ts')('const options = { synchronize: true };')],
  [
    'no synchronize',
    'as an option that depends',
    one('libs/persistence/src/a.ts')('const options = { synchronize: !production };'),
  ],
  ['no synchronize', 'as a call', one('libs/persistence/src/a.ts')('await dataSource.synchronize();')],
  ['one clock in SQL', 'now()', tokens('const sql = `update grants set claim_until = now() where id = ${id}`;')],
  ['one clock in SQL', 'after a hole in the text', tokens('const sql = `${start} and due_at < NOW() and ${end}`;')],
  [
    'one clock in SQL',
    'current_timestamp',
    one('libs/persistence/src/a.entity.ts')(`@Column({ default: () => 'CURRENT_TIMESTAMP' }) a;`),
  ],
  ['one clock for rows', 'Date.now', tokens('const due = Date.now() + 80;')],
  ['one clock for rows', 'new Date', accounts('account.connectedAt = new Date();')],
  ['secrets compared in constant time', 'two variables', api('if (signature === expected) accept();')],
  ['secrets compared in constant time', 'two fields', api('const known = row.tokenHash !== given.tokenHash;')],
  ['file names', 'a word with capitals', one('libs/tokens/src/tokenVault.ts')('')],
  ['file names', 'a role outside the list', one('apps/api/src/connect/connect.service.ts')('')],
  ['file names', 'two roles', one('apps/api/src/connect/connect.controller.schema.ts')('')],
  ['file names', 'a folder with capitals', one('apps/api/src/OauthApps/create.ts')('')],
  ['the map of apps and libraries', 'an app that is not on it', { ...map({}), 'apps/api/src/main.ts': '' }],
  ['the map of apps and libraries', 'an app that is gone', map({ api: app })],
  [
    'the map of apps and libraries',
    'a wrong folder',
    { ...map({ api: { ...app, sourceRoot: 'apps/api' } }), 'apps/api/src/main.ts': '' },
  ],
  ['doors', 'a door to nowhere', { 'package.json': '{"imports":{"#tokens":"./dist/libs/tokens/src/index.js"}}' }],
  ['doors', 'a library without a door', { 'package.json': '{"imports":{}}', 'libs/tokens/src/index.ts': '' }],
  [ONE_WRITER, 'an insert', accounts('const sql = `insert into connect_attempts (id) values ($1)`;')],
  [ONE_WRITER, 'an update in a CTE', tokens('const sql = `with a as (update connect_attempts set x = ${x})`;')],
  [ONE_WRITER, 'a delete over two lines', api('tx.query(`delete\n  from connect_attempts`);')],
  [
    ONE_WRITER,
    'an entity whose table has no owner',
    one('libs/persistence/src/a.entity.ts')(`@Entity('unknown')\nexport class A {}`),
  ],
  [ONE_WRITER, 'a table whose name is computed', accounts('const sql = `update ${table} set data = null`;')],
  [
    ONE_WRITER,
    'a write through an entity manager',
    { ...ATTEMPT, ...accounts('await manager.insert(ConnectAttempt, row);') },
  ],
  [
    ONE_WRITER,
    'a write through a repository in a variable',
    { ...ATTEMPT, ...accounts('const rows = source.getRepository(ConnectAttempt); await rows.save(row);') },
  ],
  [
    ONE_WRITER,
    'a write through an injected repository',
    {
      ...ATTEMPT,
      ...accounts('class A { constructor(readonly rows: Repository<ConnectAttempt>) {} a() { this.rows.delete(1); } }'),
    },
  ],
];

/** What comes near and is right: none of these may be found. */
export const keeping: Snippet[] = [
  [
    'arrows',
    'what the arrows allow',
    { ...api(`import { ConnectAccount } from '#accounts';`), ...tokens(`import '#persistence/sealed';`) },
  ],
  [
    'arrows',
    'a test that looks further',
    one('libs/persistence/src/a.int-spec.ts')(`import { sealRow } from '#crypto';`),
  ],
  [
    'borders',
    'doors, neighbours, and the test support for tests',
    {
      ...DOORS,
      'libs/tokens/src/a/b.ts': `import '#persistence/sealed'; import '../c.js';`,
      'libs/tokens/src/a.int-spec.ts': `import { openTestDatabase } from '../../../test/support/database.js';`,
      'test/compose.spec.ts': `import '../libs/config/src/sections.js';`,
      'test/faults/world/a.ts': `import '../../../tools/start/processes.mjs';`,
    },
  ],
  [
    'own door',
    'the door of another library',
    { ...DOORS, ...tokens(`import '#persistence/sql'; import './store/index.js';`) },
  ],
  [
    'inner doors',
    'each behind its own',
    {
      'libs/providers/src/sandbox.ts': `import './x/x.sandbox.js';`,
      'libs/providers/src/x/x.sandbox.ts': `import { x } from './x.provider.js';`,
    },
  ],
  [
    'names of platforms only',
    'names and types',
    api(
      `import { PROVIDER_NAMES, providerTitle, type Provider } from '#providers'; import type { Scope } from '#providers';`,
    ),
  ],
  [
    'keys in two libraries',
    'a digest, and the libraries with keys',
    { ...api(`import { digest } from '#crypto';`), ...tokens(`import { openRow } from '#crypto';`) },
  ],
  [
    'packages',
    'each in its project',
    { ...api(`import 'fastify';`), ...one('libs/jobs/src/a.ts')(`import 'bullmq'; import 'ioredis';`) },
  ],
  [
    'plain tokens',
    'pg, and the types of entities',
    {
      ...DOORS,
      ...tokens(`import type { Pool } from 'pg'; import type { Grant } from '#persistence/sql';`),
      'libs/persistence/src/sql.ts': `export type { Grant } from './grant.entity.js';`,
      'libs/persistence/src/grant.entity.ts': `import { Entity } from 'typeorm';`,
    },
  ],
  [
    'no cycles',
    'two ways to one file',
    {
      'libs/jobs/src/a.ts': `import './b.js'; import './c.js';`,
      'libs/jobs/src/b.ts': `import './c.js';`,
      'libs/jobs/src/c.ts': '',
    },
  ],
  [
    'platforms at home',
    'letters that are no platform',
    {
      ...PLATFORMS,
      ...api(`const x = 'xml', max = 'a.x', text = 'x-request-id'; point.x = 'ajax', xFrameOptions = 'deny';`),
    },
  ],
  [
    'platforms at home',
    'the registry and the tests',
    {
      ...PLATFORMS,
      'libs/providers/src/registry.ts': `import { x } from './x/x.provider.js';`,
      'apps/api/src/a.spec.ts': `start('tiktok');`,
    },
  ],
  [
    'one reader of the environment',
    'main hands it to its reader',
    one('apps/api/src/main.ts')('const config = readApiConfig(process.env); process.exit(0);'),
  ],
  [
    'one reader of the environment',
    'a command passes it to its reader',
    one('apps/cli/src/commands/migrate.ts')('const config = readMigrationConfig(process.env);'),
  ],
  ['no synchronize', 'switched off', one('libs/persistence/src/a.ts')('const options = { synchronize: false };')],
  [
    'one clock in SQL',
    'db_now(), and a clock that is no SQL',
    tokens('const sql = `select db_now()`; const at = clock.now();'),
  ],
  [
    'one clock for rows',
    'a date that was read, and a stop watch',
    tokens('const at = new Date(row.at); const start = performance.now();'),
  ],
  [
    'secrets compared in constant time',
    'a test for absence, and a constant',
    api("const none = token === undefined || row.token === null || token_type !== 'bearer';"),
  ],
  [
    'file names',
    'a role, a test, both or neither',
    {
      'apps/api/src/a/start-connect.ts': '',
      'apps/api/src/a/a.module.ts': '',
      'libs/tokens/src/a-b.int-spec.ts': '',
      'libs/providers/src/x/x.errors.spec.ts': '',
    },
  ],
  ['the map of apps and libraries', 'an app where it should be', { ...map({ api: app }), 'apps/api/src/main.ts': '' }],
  [
    'doors',
    'a library with its door',
    {
      'package.json': '{"imports":{"#tokens":"./dist/libs/tokens/src/index.js"}}',
      'libs/tokens/src/index.ts': '',
    },
  ],
  [
    ONE_WRITER,
    'the owner, a reader, a migration and a test',
    {
      ...ATTEMPT,
      ...one('libs/persistence/src/attempts/attempts.ts')('const sql = `update connect_attempts set x = 1`;'),
      ...accounts('const sql = `select 1 from connect_attempts for update`; getRepository(ConnectAttempt).find();'),
      ...one('libs/persistence/src/migrations/later.ts')('const sql = `update connect_attempts set x = 1`;'),
      ...one('libs/tokens/src/a.int-spec.ts')('const sql = `update connect_attempts set x = 1`;'),
    },
  ],
];
