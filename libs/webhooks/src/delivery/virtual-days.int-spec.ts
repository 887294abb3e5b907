import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as StandardVerifier } from 'standardwebhooks';
import { Webhook as SvixVerifier } from 'svix';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { OutboundClient } from '#outbound';
import { recordEvent, type Tenant } from '#persistence';
import { Vault } from '#tokens';
import { turnClock } from '../../../../test/support/database.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import { Webhooks } from '../endpoints/webhooks.js';
import { WebhookSender } from './webhook-sender.js';

interface Received {
  headers: Record<string, string>;
  body: string;
}

const vault = new Vault(new Keyring(new Secret(`k1:${Buffer.alloc(32, 7).toString('base64')}`)));
const outbound = new OutboundClient({ allowCidrs: ['127.0.0.0/8'] });
const logger = createLogger({ app: 'test', level: 'silent' });
const MINUTES_OF_A_DAY = 24 * 60;

let opened: OpenedDatabase;
let tenant: Tenant;
let webhooks: Webhooks;
let sender: WebhookSender;
let receiver: Server;
let received: Received[];
let isUp: boolean;
let accounts: string[];
let recorded: number;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      if (isUp) received.push({ headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(isUp ? 200 : 500).end();
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
  const { pool, url } = { pool: opened.database.pool, url: opened.url };
  [received, isUp, recorded] = [[], true, 0];
  await pool.query('delete from webhooks');
  await turnClock(pool, '0 seconds');
  tenant = { ...(await makeTenant(pool)), environment: 'test' };
  accounts = [await makeAccount(pool, tenant), await makeAccount(pool, tenant), await makeAccount(pool, tenant)];
  webhooks = new Webhooks(opened.database, vault, outbound);
  const context = { pool, vault, outbound, logger, scale: 1, random: () => 0.5 };
  sender = new WebhookSender({ ...context, databaseUrl: new Secret(url) });
});
afterEach(() => sender.stop());

async function endpoint(): Promise<{ id: string; secret: Secret }> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const input = { url, events: ['*'], description: null, filterProvider: null, filterProjectId: null };
  const { webhook, secret } = await webhooks.create(tenant, input, () => Promise.resolve());
  return { id: webhook.id, secret };
}

async function record(): Promise<void> {
  for (const accountId of accounts)
    await recordEvent(opened.database.pool, { ...tenant, accountId, type: 'account.connected' });
  recorded += accounts.length;
}

async function passTo(minute: number): Promise<void> {
  await turnClock(opened.database.pool, `${minute} minutes`);
  await sender.drain();
}

/** Which verifiers accept with this secret. */
const verdicts = (secret: Secret, { headers, body }: Received): boolean[] =>
  [new StandardVerifier(secret.reveal()), new SvixVerifier(secret.reveal())].map((verifier) => {
    try {
      return verifier.verify(body, headers) !== undefined;
    } catch {
      return false;
    }
  });

describe('a webhook over a day of virtual time', () => {
  it('is signed so that both verifiers accept every delivery with either secret for 24 hours after a rotation', async () => {
    const { id, secret } = await endpoint();
    const { secret: next } = await webhooks.rotateSecret(tenant, id, () => Promise.resolve());
    for (let minute = 0; minute < MINUTES_OF_A_DAY; minute += 60) {
      await record();
      await passTo(minute);
    }
    expect(received).toHaveLength(recorded);
    for (const one of received)
      expect([...verdicts(secret, one), ...verdicts(next, one)]).toEqual([true, true, true, true]);
    received = [];
    await record();
    await passTo(MINUTES_OF_A_DAY + 1);
    expect(received).toHaveLength(accounts.length);
    for (const one of received)
      expect([...verdicts(secret, one), ...verdicts(next, one)]).toEqual([false, false, true, true]);
  });

  it('whose endpoint was down for a day receives everything when it is up, without a request, in order and once', async () => {
    const { id } = await endpoint();
    isUp = false;
    for (let minute = 0; minute <= MINUTES_OF_A_DAY; minute += 20) {
      if (minute % 60 === 0) await record();
      await passTo(minute);
    }
    expect(received).toEqual([]);
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'paused' });
    isUp = true;
    for (let minute = 0; minute <= 6 * 60; minute += 30) await passTo(MINUTES_OF_A_DAY + minute);
    expect(await webhooks.get(tenant, id)).toMatchObject({ status: 'active' });
    const events = received.map(({ body }) => JSON.parse(body) as { id: string; account_id: string; sequence: number });
    expect(new Set(events.map((event) => event.id)).size).toBe(recorded);
    expect(events).toHaveLength(recorded);
    for (const account of new Set(events.map(({ account_id }) => account_id))) {
      const sequences = events.filter((event) => event.account_id === account).map(({ sequence }) => sequence);
      expect(sequences).toEqual(Array.from({ length: recorded / accounts.length }, (_, n) => n + 1));
    }
  });
});
