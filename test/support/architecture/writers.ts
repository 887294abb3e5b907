import ts from 'typescript';
import { eachSource, type Rule } from './rule.js';
import { literalOf, nodesOf, type Source } from './source.js';
import type { Tree } from './tree.js';

const PERSISTENCE = 'libs/persistence/src';

/** The only writer of each table: a file, or a folder that ends with a slash. */
const OWNERS: Record<string, string> = {
  account_events: `${PERSISTENCE}/events.ts`,
  accounts: `${PERSISTENCE}/accounts/`,
  api_keys: 'libs/accounts/src/api-keys/',
  breakers: 'libs/exchanger/src/store/breakers.ts',
  connect_attempts: `${PERSISTENCE}/attempts/`,
  data_deletions: 'libs/accounts/src/push/apply-platform-notice.ts',
  exchange_intents: 'libs/tokens/src/store/grants/',
  grants: 'libs/tokens/src/store/grants/',
  idempotency_keys: `${PERSISTENCE}/idempotency-keys.ts`,
  lease_requests: 'libs/accounts/src/leases/',
  leases: 'libs/accounts/src/leases/',
  master_key_holders: 'libs/tokens/src/master-keys/',
  master_keys: 'libs/tokens/src/master-keys/',
  oauth_apps: `${PERSISTENCE}/oauth-apps.ts`,
  outbox: `${PERSISTENCE}/events.ts`,
  pending_revocations: 'libs/tokens/src/store/revocations.ts',
  pool_accounts: 'libs/accounts/src/leases/',
  projects: 'libs/accounts/src/projects/',
  reauth_links: 'libs/accounts/src/connect/reauth-links.ts',
  webhooks: 'libs/webhooks/src/',
  webhook_deliveries: 'libs/webhooks/src/',
  webhook_lanes: 'libs/webhooks/src/',
  webhook_secrets: `${PERSISTENCE}/sealed/`,
  workspaces: 'libs/accounts/src/workspaces/ensure-workspace.ts',
  account_tokens: `${PERSISTENCE}/sealed/`,
  broken_seals: `${PERSISTENCE}/sealed/`,
  attempt_secrets: `${PERSISTENCE}/sealed/`,
  grant_tokens: `${PERSISTENCE}/sealed/`,
  oauth_app_secrets: `${PERSISTENCE}/sealed/`,
  revocation_tokens: `${PERSISTENCE}/sealed/`,
  token_orphans: `${PERSISTENCE}/sealed/`,
};

const WRITE = String.raw`\b(?:insert\s+into|update|delete\s+from|truncate|copy)\s+(?:only\s+)?`;
const WRITTEN_TABLE = new RegExp(String.raw`${WRITE}"?(\w+)`, 'gi');
const COMPUTED_TABLE = new RegExp(String.raw`${WRITE}"?$`, 'i');
/** A migration may convert the rows of any table, once. */
const MIGRATIONS = `${PERSISTENCE}/migrations/`;
const MAY_COMPUTE = `${PERSISTENCE}/sealed/`;

const REPOSITORY_WRITES = new Set([
  ...['insert', 'save', 'update', 'upsert', 'delete', 'remove', 'clear', 'restore', 'recover', 'createQueryBuilder'],
  ...['softDelete', 'softRemove', 'increment', 'decrement'],
]);
const REPOSITORY = /\b(manager|repository|getRepository|\w+Repository|Repository)\b/i;

export const writers: Rule = {
  name: 'one writer for each table',
  sentence:
    'every statement that changes a table stands in the one module that owns it, so that its states and transitions can be read in one place; see test/support/architecture/writers.ts',
  breaches(tree) {
    const entities = entitiesOf(tree);
    const unowned = [...entities.values()].filter((table) => !OWNERS[table]);
    return [
      ...unowned.map((table) => `the entity of ${table} has no owner`),
      ...eachSource((source) => writesOf(source, entities))(tree),
    ];
  },
};

function writesOf(source: Source, entities: Map<string, string>): string[] {
  const tables = new Set([...writtenBySql(source), ...writtenByRepository(source, entities)]);
  const foreign = [...tables].filter((table) => OWNERS[table] && !isOwner(OWNERS[table], source.path));
  return [
    ...foreign.map((table) => `writes the table ${table}, which ${OWNERS[table]} owns`),
    ...(source.path.startsWith(MAY_COMPUTE) || !computesTable(source)
      ? []
      : ['computes the name of a table it writes']),
  ];
}

const isOwner = (owner: string, path: string): boolean =>
  path.startsWith(MIGRATIONS) || (owner.endsWith('/') ? path.startsWith(owner) : path === owner);

const entitiesByTree = new WeakMap<Tree, Map<string, string>>();

/** Class names of entities with their tables; read once for all files of a tree. */
function entitiesOf(tree: Tree): Map<string, string> {
  const known = entitiesByTree.get(tree);
  if (known) return known;
  const declared = tree.sources.flatMap(({ text }) => [...text.matchAll(/@Entity\('(\w+)'\)\s*export class (\w+)/g)]);
  const entities = new Map(declared.map(([, table = '', name = '']) => [name, table]));
  entitiesByTree.set(tree, entities);
  return entities;
}

const writtenBySql = ({ ast }: Source): string[] =>
  [...nodesOf(ast)].flatMap((node) =>
    [...(literalOf(node) ?? '').matchAll(WRITTEN_TABLE)].map(([, table = '']) => table.toLowerCase()),
  );

/** `update ${table} set …`. */
const computesTable = ({ ast }: Source): boolean =>
  [...nodesOf(ast)].some(
    (node) => (ts.isTemplateHead(node) || ts.isTemplateMiddle(node)) && COMPUTED_TABLE.test(node.text),
  );

/** `manager.insert(OAuthApp, …)`, `getRepository(OAuthApp).save(…)`, or a name that is declared as such a repository. */
function writtenByRepository({ ast }: Source, entities: Map<string, string>): string[] {
  const nodes = [...nodesOf(ast)];
  const declared = new Map(nodes.filter(isDeclaration).map((node) => [node.name.getText(), node.getText()]));
  return nodes.filter(isRepositoryWrite).flatMap(({ expression, arguments: args }) => {
    const receiver = expression.expression.getText();
    const described = `${receiver} ${declared.get(receiver.split('.').at(-1) ?? '')}`;
    if (!REPOSITORY.test(described)) return [];
    const named = `${described} ${args[0]?.getText()}`.match(/\w+/g) ?? [];
    return named.flatMap((name) => entities.get(name) ?? []);
  });
}

const isRepositoryWrite = (
  node: ts.Node,
): node is ts.CallExpression & { readonly expression: ts.PropertyAccessExpression } =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  REPOSITORY_WRITES.has(node.expression.name.text);

const isDeclaration = (
  node: ts.Node,
): node is ts.VariableDeclaration | ts.ParameterDeclaration | ts.PropertyDeclaration =>
  ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isPropertyDeclaration(node);
