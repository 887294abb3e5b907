import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as Verifier } from 'standardwebhooks';
import { Cursors, Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { OutboundClient } from '#outbound';
import { recordEvent, type Tenant, transaction } from '#persistence';
import { Vault } from '#tokens';
import { turnClock } from '../../../../test/support/database.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import { Webhooks } from '../endpoints/webhooks.js';
import { Deliveries } from './deliveries.js';
import type { DeliveryContext } from './deliver.js';
import { WebhookSender } from './webhook-sender.js';

interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  event: { id: string; type: string; account_id: string; sequence: number; data: { n: number } };
}

const keyring = new Keyring(new Secret(`k1:${Buffer.alloc(32, 7).toString('base64')}`));
const vault = new Vault(keyring);
const logger = createLogger({ app: 'test', level: 'silent' });

let opened: OpenedDatabase;
let tenant: Tenant;
let outbound: OutboundClient;
let webhooks: Webhooks;
let deliveries: Deliveries;
let context: DeliveryContext;
let sender: WebhookSender;
let receiver: Server;
let received: Received[];
/** Answers a request at a path; the default is 200. */
let answers: Map<string, (response: ServerResponse, count: number) => void>;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  outbound = new OutboundClient({ allowCidrs: ['127.0.0.0/8'] });
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const path = request.url!;
      const headers = request.headers as Record<string, string>;
      received.push({ path, headers, body, event: JSON.parse(body) as Received['event'] });
      const answer = answers.get(path);
      if (answer) answer(response, received.filter((one) => one.path === path).length);
      else response.end('ok');
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await outbound.close();
  await opened.close();
});

beforeEach(async () => {
  [received, answers] = [[], new Map()];
  await opened.database.pool.query('delete from webhooks');
  await turnClock(opened.database.pool, '0 seconds');
  tenant = { ...(await makeTenant(opened.database.pool)), environment: 'test' };
  context = { pool: opened.database.pool, vault, outbound, logger, scale: 1, random: () => 0.5 };
  webhooks = new Webhooks(opened.database, vault, outbound);
  deliveries = new Deliveries(opened.database, new Cursors(keyring), context);
  sender = new WebhookSender({ ...context, databaseUrl: new Secret(opened.url) });
});
afterEach(() => sender.stop());

const urlOf = (path: string): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`;
const noAnswer = (): Promise<void> => Promise.resolve();

async function endpoint(path: string, events = ['*']): Promise<{ id: string; secret: Secret }> {
  const input = { url: urlOf(path), events, description: null, filterProvider: null, filterProjectId: null };
  const { webhook, secret } = await webhooks.create(tenant, input, noAnswer);
  return { id: webhook.id, secret };
}

const account = (): Promise<string> => makeAccount(opened.database.pool, tenant);
const record = (accountId: string, n = 0): Promise<void> =>
  recordEvent(opened.database.pool, { ...tenant, accountId, type: 'account.connected', data: { n } });
const at = (path: string): number[] => received.filter((one) => one.path === path).map(({ event }) => event.data.n);
const fails = (response: ServerResponse): void => {
  response.writeHead(500).end('no');
};
const pass = async (interval: string): Promise<void> => {
  await turnClock(opened.database.pool, interval);
  await sender.drain();
};

describe('a webhook', () => {
  it('receives events signed, with the id of the event and the sequence of the one before', async () => {
    const { secret } = await endpoint('/a');
    const id = await account();
    for (const n of [0, 1]) await record(id, n);
    await sender.drain();
    const [first, second] = received as [Received, Received];
    for (const { body, headers, event } of [first, second]) {
      expect(new Verifier(secret.reveal()).verify(body, headers)).toEqual(event);
      expect(headers['webhook-id']).toBe(event.id);
      expect(headers['content-type']).toBe('application/json');
    }
    expect(first.headers).not.toHaveProperty('evergrant-previous-sequence');
    expect(second.headers['evergrant-previous-sequence']).toBe(String(first.event.sequence));
  });

  it('receives the events of one account in order, and a failing one holds up only those behind it', async () => {
    await endpoint('/a');
    const [one, other] = [await account(), await account()];
    answers.set('/a', (response, count) => {
      if (count === 1) fails(response);
      else response.end();
    });
    for (const n of [0, 1, 2]) await record(one, n);
    await sender.drain();
    await record(other, 7);
    await sender.drain();
    expect(at('/a')).toEqual([0, 7]);
    await pass('6 seconds');
    expect(at('/a')).toEqual([0, 7, 0, 1, 2]);
  });

  it('that hangs does not hold up another one', async () => {
    await endpoint('/hangs');
    await endpoint('/works');
    answers.set('/hangs', () => undefined);
    sender.start();
    for (let n = 0; n < 20; n += 1) await record(await account(), n);
    for (let tries = 0; at('/works').length < 20 && tries < 200; tries += 1)
      await new Promise((r) => setTimeout(r, 25));
    expect(at('/works')).toHaveLength(20);
    receiver.closeAllConnections();
  });

  it('gets what is recorded at once by a notification of the database', async () => {
    await endpoint('/a');
    sender.start();
    await new Promise((r) => setTimeout(r, 300));
    const begun = performance.now();
    await record(await account());
    while (received.length === 0 && performance.now() - begun < 5_000) await new Promise((r) => setTimeout(r, 5));
    expect(received).toHaveLength(1);
  });

  it('is paused after 20 failures in a row, tried once an hour, and resumes with its first success, in order and whole', async () => {
    const { id } = await endpoint('/a');
    await endpoint('/other', ['webhook.paused', 'webhook.resumed']);
    const accounts = await Promise.all(Array.from({ length: 20 }, account));
    answers.set('/a', fails);
    for (const one of accounts) await record(one, 0);
    await sender.drain();
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'paused', pausedReason: 'failures' });
    for (const one of accounts) await record(one, 1);
    received = [];
    await pass('59 minutes');
    expect(at('/a')).toEqual([]);
    await pass('61 minutes');
    expect(at('/a')).toHaveLength(1);
    answers.delete('/a');
    await pass('122 minutes');
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'active', consecutiveFailures: 0 });
    const perAccount = new Map<string, number[]>();
    for (const { path, event } of received.slice(1))
      if (path === '/a') perAccount.set(event.account_id, [...(perAccount.get(event.account_id) ?? []), event.data.n]);
    expect([...perAccount.values()].filter((seen) => seen.join() !== '0,1')).toEqual([]);
    expect(perAccount.size).toBe(20);
    const about = received.filter(({ path }) => path === '/other').map(({ event }) => event.type);
    expect(about).toEqual(['webhook.resumed']);
  });

  it('that answers 410 is disabled, and what waits for it is exhausted', async () => {
    const { id } = await endpoint('/a');
    answers.set('/a', (response) => response.writeHead(410).end());
    const one = await account();
    for (const n of [0, 1]) await record(one, n);
    await sender.drain();
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'disabled', pausedReason: 'gone' });
    expect((await deliveries.list(tenant, id, { limit: 9 })).items.map(({ status }) => status)).toEqual([
      'exhausted',
      'exhausted',
    ]);
    await record(one, 2);
    await pass('1 day');
    expect(at('/a')).toEqual([0]);
  });

  it('is resumed by a test that succeeds, and by none that fails', async () => {
    const { id } = await endpoint('/a');
    answers.set('/a', fails);
    for (let n = 0; n < 20; n += 1) await record(await account(), n);
    await sender.drain();
    expect(await deliveries.sendTest(tenant, id)).toMatchObject({
      statusCode: 500,
      eventType: 'test.ping',
      attempts: 1,
    });
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'paused' });
    answers.delete('/a');
    expect(await deliveries.sendTest(tenant, id)).toMatchObject({ statusCode: 200 });
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'active' });
    received = [];
    await sender.drain();
    expect(at('/a')).toHaveLength(20);
  });

  it('is signed with both secrets for a day after a rotation, and then with the new one', async () => {
    const { id, secret } = await endpoint('/a');
    const rotated = await webhooks.rotateSecret(tenant, id, noAnswer);
    const accepts = (by: Secret, { body, headers }: Received): boolean => {
      try {
        // Its clock is the one of this machine.
        const stamp = { ...headers, 'webhook-timestamp': headers['webhook-timestamp']! };
        new Verifier(by.reveal()).verify(body, stamp);
        return true;
      } catch {
        return false;
      }
    };
    await record(await account());
    await sender.drain();
    expect([secret, rotated.secret].map((by) => accepts(by, received[0]!))).toEqual([true, true]);
    await opened.database.pool.query(`update webhooks set previous_secret_until = db_now() - interval '1 second'`);
    await record(await account());
    await sender.drain();
    expect([secret, rotated.secret].map((by) => accepts(by, received[1]!))).toEqual([false, true]);
  });

  it('is sent nothing without a signature: not when its secrets are gone, and not when they do not open', async () => {
    const [gone, broken] = [await endpoint('/gone'), await endpoint('/broken')];
    const { pool } = opened.database;
    await pool.query('delete from webhook_secrets where webhook_id = $1', [gone.id]);
    await pool.query(`update webhook_secrets set sealed_secret = '\\x00' where webhook_id = $1`, [broken.id]);
    await record(await account());
    await sender.drain();
    expect(received).toEqual([]);
    const { rows } = await pool.query('select owner_id, table_name from broken_seals');
    expect(rows).toEqual([{ owner_id: broken.id, table_name: 'webhook_secrets' }]);
    expect(await deliveries.sendTest(tenant, gone.id)).toMatchObject({ statusCode: null, error: 'no_secret' });
    expect(await deliveries.sendTest(tenant, broken.id)).toMatchObject({ statusCode: null, error: 'seal_broken' });
    for (const { id } of [gone, broken]) await webhooks.rotateSecret(tenant, id, noAnswer);
    await pass('2 minutes');
    expect(received.map(({ path }) => path)).toEqual(['/broken']);
    await pool.query('delete from broken_seals');
  });

  it('receives the highest sequence of its account so far in a header, also after an older event was sent again', async () => {
    const { id } = await endpoint('/a');
    const one = await account();
    for (const n of [0, 1]) await record(one, n);
    await sender.drain();
    const { items } = await deliveries.list(tenant, id, { limit: 9 });
    await deliveries.replay(tenant, id, items[1]!.id);
    await sender.drain();
    await record(one, 2);
    await sender.drain();
    const sequences = received.map(({ headers, event }) => [event.sequence, headers['evergrant-previous-sequence']]);
    expect(sequences).toEqual([
      [1, undefined],
      [2, '1'],
      [1, '2'],
      [3, '2'],
    ]);
  });

  it('that is deleted gets nothing more, also what was recorded before', async () => {
    const { id } = await endpoint('/a');
    await record(await account());
    await webhooks.remove(tenant, id);
    await sender.drain();
    await record(await account());
    await sender.drain();
    expect(received).toEqual([]);
    await expect(webhooks.get(tenant, id)).rejects.toMatchObject({ code: 'webhook.not_found' });
  });

  it('gets an event of a transaction that was open while the endpoint was deleted or disabled nowhere, and the transaction commits', async () => {
    const { id } = await endpoint('/a');
    const one = await account();
    await record(one, 0);
    await sender.drain();
    const [writing] = [
      transaction(opened.database.pool, async (tx) => {
        await recordEvent(tx, { ...tenant, accountId: one, type: 'account.connected', data: { n: 1 } });
        await webhooks.remove(tenant, id);
      }),
    ];
    await expect(writing).resolves.toBeUndefined();
    await sender.drain();
    expect(at('/a')).toEqual([0]);
  });
});
