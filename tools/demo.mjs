import './start/require-node.mjs';
import { setTimeout as pause } from 'node:timers/promises';
import { readArguments } from './arguments.mjs';
import { closeApp, connect, ensure, openApp, readSession, ServiceClient } from './demo/service-client.mjs';
import { messageOf } from './start/errors.mjs';

/**
 * An account that the demo connected: as it was then, and a function that reads it again.
 * @typedef {import('./demo/service-client.mjs').Account} Account
 * @typedef {import('./demo/service-client.mjs').App} App
 * @typedef {{ app: App, account: () => Promise<Account>, first: Account }} Connected
 */

const USAGE = 'npm run demo -- [--provider x] [--push] [--home .evergrant]';
const HELP = `Runs through connect, refresh, removal and reconnect against the service that \`npm start\` runs, with real calls.

  ${USAGE}

With --push the platform notifies us that the person removed the app.
`;

/** @type {NonNullable<import('node:util').ParseArgsConfig['options']>} */
const OPTIONS = {
  provider: { type: 'string' },
  push: { type: 'boolean' },
  home: { type: 'string' },
  help: { type: 'boolean' },
};

/** No other part of the documentation uses this persona. */
const PERSONA = 'demo';

/**
 * The path of each platform's notices, below /v1/callbacks.
 * @type {Partial<Record<string, (app: string) => string>>}
 */
const PUSH_PATHS = {
  x: (app) => `x/${app}`,
  tiktok: () => 'tiktok',
  instagram: (app) => `meta/${app}`,
  facebook: (app) => `meta/${app}`,
};

const MAX_WAIT_MS = 180_000;
let stepNumber = 0;

/** @param {string} title */
function step(title) {
  stepNumber += 1;
  process.stdout.write(`\n${stepNumber}. ${title}\n`);
}

/** @param {string} line */
const print = (line) => process.stdout.write(`   ${line}\n`);

/**
 * Reads the account every second, or every `every` milliseconds, until `holds` accepts it; returns it then. Limit: three minutes.
 * @param {string} what
 * @param {() => Promise<Account>} read
 * @param {(account: Account) => boolean} holds
 * @param {number} [every]
 */
async function waitUntil(what, read, holds, every = 1_000) {
  const start = Date.now();
  for (;;) {
    const account = await read();
    if (holds(account)) {
      if (Date.now() - start > 1_000) print(`(${Math.round((Date.now() - start) / 1_000)} s)`);
      return account;
    }
    if (Date.now() - start > MAX_WAIT_MS) throw new Error(`not ${what} after three minutes`);
    await pause(every);
  }
}

/**
 * The platform sends no notice: a refusal finds the removal, and it is confirmed before the health changes.
 * @param {ServiceClient} service
 * @param {Connected} connected
 */
async function removeWithoutNotice(service, { app, account, first }) {
  step('The person removes the app at the platform');
  await service.control('POST', `/_control/users/${PERSONA}/revoke`, {
    provider: app.provider,
    client_id: app.client_id,
  });
  await waitUntil(
    'allowed to refresh again',
    account,
    ({ last_refreshed_at: at }) => at === null || Date.now() - Date.parse(at) > 62_000,
  );
  /** @type {import('../apps/api/src/http/problem.js').ProblemView} */
  const refusal = await service.post(`/v1/accounts/${first.id}/refresh`, 409);
  print(`a refresh is refused: ${refusal.status} ${refusal.code}`);

  step('One refusal alone decides nothing; a second check and a minute later do');
  const doubted = await account();
  print(`health now: ${doubted.health} (${doubted.health_reason})`);
  const ended = await waitUntil('needs_reauth', account, ({ health }) => health === 'needs_reauth');
  print(`health: ${ended.health}, because ${ended.health_reason}`);
}

/**
 * The platform sends a signed notice, which decides at once.
 * @param {ServiceClient} service
 * @param {Connected} connected
 */
async function removeWithNotice(service, { app, account }) {
  step('The person removes the app, and the platform notifies us');
  const path = PUSH_PATHS[app.provider]?.(app.id);
  if (path === undefined)
    throw new Error(`${app.provider} sends no notice when a person removes an app: leave out --push`);
  const push_url = `${service.session.api_url}/v1/callbacks/${path}`;
  await service.control('POST', '/_control/apps', { provider: app.provider, client_id: app.client_id, push_url });
  const before = Date.now();
  await service.control('POST', `/_control/users/${PERSONA}/revoke`, {
    provider: app.provider,
    client_id: app.client_id,
  });
  const ended = await waitUntil('needs_reauth', account, ({ health }) => health === 'needs_reauth', 50);
  print(`${Date.now() - before} ms later: ${ended.health}, because ${ended.health_reason}`);
}

/**
 * Connects, lists, refreshes and probes one account; returns it as it was when it was connected.
 * @param {ServiceClient} service
 * @param {App} app
 * @returns {Promise<Connected>}
 */
async function connectAndRefresh(service, app) {
  step('A backend starts the flow; the person consents at the platform (here: its sandbox)');
  const first = await connect(service, app, PERSONA);
  print(`connected: ${first.id}, health ${first.health}`);

  step('The account is in the list, its token sealed in the database and nowhere in the answer');
  /** @type {import('./demo/service-client.mjs').AccountPage} */
  const { items, total } = await service.get(`/v1/accounts?provider=${app.provider}`);
  print(
    `${total} account(s): ${items.map(({ id, handle, health }) => `${id} @${handle ?? '?'} ${health}`).join(', ')}`,
  );

  step('The worker refreshes it before its two minutes are over');
  print(`token until ${first.token_expires_at}, refresh due ${first.next_refresh_at}`);
  /** @returns {Promise<Account>} */
  const account = () => service.get(`/v1/accounts/${first.id}`);
  const refreshed = await waitUntil(
    'refreshed',
    account,
    ({ last_refreshed_at: at }) => at !== first.last_refreshed_at && at !== null,
  );
  print(`refreshed at ${refreshed.last_refreshed_at}, token now until ${refreshed.token_expires_at}`);

  step('The worker probes the account from time to time; a caller can, too');
  /** @type {import('../apps/api/src/accounts/account-health.schema.js').AccountHealthView} */
  const { probe } = await service.post(`/v1/accounts/${first.id}/probe`, 200);
  print(`probed at ${probe.at}: ${probe.state}; next probe at ${probe.next_at}`);

  return { app, account, first };
}

/**
 * Connects the same person again, then disconnects.
 * @param {ServiceClient} service
 * @param {Connected} connected
 */
async function reconnectAndDisconnect(service, { app, account, first }) {
  step('The person connects again: same account, same id');
  const again = await connect(service, app, PERSONA);
  ensure(again.id === first.id, `the id changed from ${first.id} to ${again.id}`);
  print(`${again.id} is ${again.health} again`);

  step('Disconnecting destroys the tokens');
  await service.delete(`/v1/accounts/${first.id}`, 204);
  /** @type {import('./demo/service-client.mjs').AccountPage} */
  const gone = await service.get('/v1/accounts');
  ensure(!gone.items.some(({ id }) => id === first.id), 'the account is still listed');
  print(`${first.id} is ${(await account()).health} and no longer listed`);
  /** @type {import('../apps/api/src/accounts/account-event.schema.js').AccountEventPageView} */
  const history = await service.get(`/v1/accounts/${first.id}/events`);
  print(
    `its history: ${history.items
      .map(({ type }) => type)
      .reverse()
      .join(' → ')}`,
  );
}

/**
 * Runs with its own app, which is deleted at the end, also after an error or an interrupt.
 * @param {{ provider?: string, home?: string, push?: boolean }} options
 */
async function run({ provider = 'x', home = process.env.EVERGRANT_HOME ?? '.evergrant', push = false }) {
  const service = new ServiceClient(readSession(home));
  const app = await openApp(service, provider);
  process.once('SIGINT', () => void closeApp(service, app).finally(() => process.exit(130)));
  try {
    const connected = await connectAndRefresh(service, app);
    await (push ? removeWithNotice : removeWithoutNotice)(service, connected);
    await reconnectAndDisconnect(service, connected);
  } finally {
    await closeApp(service, app);
  }
  process.stdout.write('\nThe end.\n');
}

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

try {
  const { values } = readArguments({ usage: USAGE, options: OPTIONS });
  if (values.help) process.stdout.write(HELP);
  else await run(values).catch((error) => fail(`\nThe demo stopped: ${messageOf(error)}`));
} catch (error) {
  fail(messageOf(error));
}
