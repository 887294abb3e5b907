import { parseArgs } from 'node:util';
import { connect, ensure, readSession, Service } from './demo/service.mjs';
import { say, step, until } from './demo/telling.mjs';

const HELP = `Tells Evergrant's story against the service that \`npm start\` runs, with real calls.

  npm run demo [-- --provider x] [-- --home .evergrant]
`;

const { values } = parseArgs({
  options: {
    provider: { type: 'string', default: 'x' },
    home: { type: 'string', default: process.env.EVERGRANT_HOME ?? '.evergrant' },
    help: { type: 'boolean', default: false },
  },
});

/** The persona whose story is told. */
const PERSONA = 'happy';

async function tell(service, provider) {
  step('A backend starts the flow; the person consents at the platform (here: its sandbox)');
  const first = await connect(service, provider, PERSONA);
  say(`connected: ${first.id}, health ${first.health}`);

  step('The account is in the list, its token sealed in the database and nowhere in the answer');
  const { items, total } = await service.get(`/v1/accounts?provider=${provider}`);
  say(`${total} account(s): ${items.map(({ id, handle, health }) => `${id} @${handle ?? '?'} ${health}`).join(', ')}`);

  step('The worker refreshes it before its two minutes are over');
  say(`token until ${first.token_expires_at}, refresh due ${first.next_refresh_at}`);
  const account = () => service.get(`/v1/accounts/${first.id}`);
  const refreshed = await until('refreshed', account, ({ last_refreshed_at: at }) => at !== first.last_refreshed_at && at !== null);
  say(`refreshed at ${refreshed.last_refreshed_at}, token now until ${refreshed.token_expires_at}`);

  step('The person removes the app at the platform');
  await service.control('POST', `/_control/users/${PERSONA}/revoke`, { provider });
  await until('allowed to ask again', account, ({ last_refreshed_at: at }) => Date.now() - Date.parse(at) > 62_000);
  const refusal = await service.post(`/v1/accounts/${first.id}/refresh`, 409);
  say(`a refresh is refused: ${refusal.status} ${refusal.code}`);

  step('One refusal alone decides nothing; a second witness and a minute later do');
  say(`health now: ${(await account()).health} (${(await account()).health_reason})`);
  const dead = await until('needs_reauth', account, ({ health }) => health === 'needs_reauth');
  say(`health: ${dead.health}, because ${dead.health_reason}`);

  step('The person connects again: same account, same id');
  const again = await connect(service, provider, PERSONA);
  ensure(again.id === first.id, `the id changed from ${first.id} to ${again.id}`);
  say(`${again.id} is ${again.health} again`);

  step('Disconnecting destroys the tokens');
  await service.request('DELETE', `/v1/accounts/${first.id}`, { expect: 204 });
  const gone = await service.get('/v1/accounts');
  ensure(!gone.items.some(({ id }) => id === first.id), 'the account is still listed');
  say(`${first.id} is ${(await account()).health} and no longer listed`);
  const history = await service.get(`/v1/accounts/${first.id}/events`);
  say(`its history: ${history.items.map(({ type }) => type).reverse().join(' → ')}`);
}

if (values.help) {
  process.stdout.write(HELP);
} else {
  try {
    await tell(new Service(readSession(values.home)), values.provider);
    process.stdout.write('\nThe end.\n');
  } catch (error) {
    process.stderr.write(`\nThe demo stopped: ${error.message}\n`);
    process.exitCode = 1;
  }
}
