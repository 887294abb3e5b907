import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TypeID } from 'typeid-js';
import { Backend, until } from '../support/backend.js';
import { session } from '../support/service.js';
import { databaseUrlOf } from '../support/service-processes.mjs';

interface Call {
  seq: number;
  endpoint: string;
  persona?: string;
  outcome: string;
}

let backend: Backend;
beforeAll(() => {
  const service = session();
  backend = new Backend(service, service.key);
});

const latest = async (): Promise<number> =>
  ((await backend.control('GET', '/calls?endpoint=all')).body as Call[]).at(-1)?.seq ?? 0;

/** The calls to one endpoint for a person that the platform got since; waits for the first one. */
async function callsOf(provider: string, endpoint: string, persona: string, since: number): Promise<Call[]> {
  const readCalls = async (): Promise<Call[]> =>
    (
      (await backend.control('GET', `/calls?provider=${provider}&endpoint=${endpoint}&since=${since}`)).body as Call[]
    ).filter((call) => call.persona === persona);
  return until(readCalls, (calls) => calls.length > 0, 40);
}

/** By its row: a later clock would make every other account of this service due as well. */
async function makeProbeDue(accountId: string): Promise<void> {
  const client = new pg.Client(databaseUrlOf(backend.service.home));
  await client.connect();
  try {
    const { rowCount } = await client.query('update accounts set probe_due_at = db_now() where id = $1', [
      TypeID.fromString(accountId, 'acc').toUUID(),
    ]);
    expect(rowCount).toBe(1);
  } finally {
    await client.end();
  }
}

describe('tokens that are no longer needed', () => {
  it.each(['x', 'tiktok', 'linkedin', 'facebook'])(
    'the exchanger revokes the tokens at %s when the API disconnects their account',
    async (provider) => {
      const account = await backend.connect(provider, 'mei');
      const since = await latest();
      expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
      expect(await callsOf(provider, 'revoke', 'mei', since)).toMatchObject([{ outcome: 'ok' }]);
    },
  );
});

describe('the probe of an account', () => {
  it('is requested by the sweep, goes through the queue, and reaches the platform', async () => {
    const { id } = await backend.connect('tiktok', 'paula');
    const since = await latest();
    await makeProbeDue(id);
    expect(await callsOf('tiktok', 'identity', 'paula', since)).toMatchObject([{ outcome: 'ok' }]);
  }, 90_000);
});
