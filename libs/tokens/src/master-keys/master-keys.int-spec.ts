import type { Pool } from 'pg';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { transaction } from '#persistence/sql';
import { until } from '../../../../test/support/backend.js';
import { openDatabaseForEachTest } from '../../../../test/support/open-database.js';
import { GRANT_VERSION, makeGrant } from '../../../../test/support/rows.js';
import { Vault } from '../vault.js';
import { KeyHolder } from './key-holder.js';
import { MasterKeys } from './master-keys.js';

const logger = createLogger({ app: 'test', level: 'silent' });
const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [one, two] = [newKey('k1'), newKey('k2')];
const secret = (...keys: string[]): Secret => new Secret(keys.join(','));
let holders: KeyHolder[] = [];
const opened = openDatabaseForEachTest();

afterEach(async () => {
  await Promise.all(holders.map((holder) => holder.stop()));
  holders = [];
});
const pool = (): Pool => opened.database.pool;
const commands = (...keys: string[]): MasterKeys => new MasterKeys(pool(), secret(...keys), logger);

/** A process that holds keys, until the test ends or stops it. */
async function start(keys: string[], journal?: () => Record<string, number>): Promise<KeyHolder> {
  const keyring = new Keyring(secret(...keys));
  const process = journal ? 'exchanger' : 'api';
  const holder = await KeyHolder.start({ pool: pool(), keyring, logger, process, id: randomUUID(), journal });
  holders.push(holder);
  return holder;
}

async function stop(holder: KeyHolder): Promise<void> {
  holders = holders.filter((one) => one !== holder);
  await holder.stop();
}

async function sealGrant(...keys: string[]): Promise<void> {
  const id = await makeGrant(pool(), opened.tenant);
  const tokens = { access: new Secret('access'), refresh: null, previous: null };
  await new Vault(new Keyring(secret(...keys))).sealGrantTokens(
    pool(),
    { ...opened.tenant, id },
    GRANT_VERSION,
    tokens,
  );
}

/** No 24 hours have to pass for signed values. */
const aDayLater = (): Promise<unknown> =>
  pool().query(
    `update master_keys set made_at = made_at - interval '2 days', last_sealed_at = last_sealed_at - interval '2 days'`,
  );

describe('a process that holds master keys', () => {
  it('is refused without a key that was first anywhere, although no row is under it', async () => {
    await stop(await start([one]));
    await expect(start([two])).rejects.toMatchObject({
      code: 'keys.missing',
      message: expect.stringContaining('"k1" (sealed rows: 0)'),
    });
  });

  it('starts without a key that was only behind the first one', async () => {
    await stop(await start([one, two]));
    await expect(start([one])).resolves.toBeDefined();
  });

  it('is refused with other bytes under an id that was used before, although no row is under it', async () => {
    await stop(await start([one]));
    await expect(start([newKey('k1')])).rejects.toMatchObject({ code: 'keys.wrong' });
  });

  it('starts where the only rows under a key are damaged, as a rotation leaves them', async () => {
    await stop(await start([one]));
    await sealGrant(one);
    await pool().query('update grant_tokens set version = 9');
    await expect(start([two, one])).resolves.toBeDefined();
  });

  it('appears in the report while it runs, with the order of its keys', async () => {
    const api = await start([one, two]);
    expect((await commands(one).report()).processes).toEqual([
      expect.objectContaining({ process: 'api', running: true, keyIds: ['k1', 'k2'], journal: null }),
    ]);
    await stop(api);
    expect((await commands(one).report()).processes).toEqual([]);
  });
});

describe('a process whose first key is retired while it runs', () => {
  /** As a retirement does that does not see the process, because it has not reported for a while. */
  const retire = (...ids: string[]): Promise<unknown> =>
    pool().query('update master_keys set retired_at = db_now() where id = any($1)', [ids]);

  it('seals with its next key that is not retired, reports that, and opens what the retired one has sealed', async () => {
    const keyring = new Keyring(secret(one, two));
    holders.push(await KeyHolder.start({ pool: pool(), keyring, logger, process: 'api', id: randomUUID(), beat: 10 }));
    await sealGrant(one, two);
    await retire('k1');
    const keyIds = async (): Promise<string[] | undefined> =>
      (await commands(two, one).report()).processes.find(({ process }) => process === 'api')?.keyIds;
    await until(keyIds, (ids) => ids?.[0] === 'k2', 5);
    expect([keyring.primaryId, keyring.ids]).toEqual(['k2', ['k2', 'k1']]);
    const last = await pool().query(`select 1 from master_keys where id = 'k2' and last_sealed_at is not null`);
    expect(last.rowCount).toBe(1);
    await commands(two, one).rotate({});
    expect((await commands(two, one).report()).keys.find(({ id }) => id === 'k1')?.rows).toEqual({});
  });

  it('closes where each of its keys is retired', async () => {
    const keyring = new Keyring(secret(one));
    const closing = new Promise<void>((onUnusable) => {
      void KeyHolder.start({
        ...{ pool: pool(), keyring, logger, process: 'api', id: randomUUID(), beat: 10 },
        onUnusable,
      }).then((holder) => holders.push(holder));
    });
    await until(
      async () => (await commands(one).report()).processes.length,
      (count) => count === 1,
      5,
    );
    await retire('k1');
    await closing;
    expect(keyring.primaryId).toBe('k1');
  });
});

describe('a start whose check of the keys takes too long', () => {
  it('stores no canary of a key that was not checked, which would refuse the right key later', async () => {
    await sealGrant(one);
    const wrong = newKey('k1');
    await transaction(pool(), async (tx) => {
      await tx.query('lock table grant_tokens in access exclusive mode');
      const holder = await KeyHolder.start({
        ...{ pool: pool(), keyring: new Keyring(secret(wrong)), logger, process: 'api', id: randomUUID() },
        within: 50,
      });
      holders.push(holder);
    });
    await stop(holders[0]!);
    await expect(start([wrong])).rejects.toMatchObject({ code: 'keys.wrong' });
    await expect(start([one])).resolves.toBeDefined();
  });
});

describe('the report', () => {
  it('reports for each key which rows and journal records need it, which is first and whether its canary opens', async () => {
    await start([two, one], () => ({ k1: 3 }));
    await sealGrant(one);
    await sealGrant(two);
    const { keys } = await commands(two, one).report();
    expect(keys).toEqual([
      expect.objectContaining({
        id: 'k2',
        primary: true,
        canaryOpens: true,
        rows: { grant_tokens: 1 },
        journalRecords: 0,
      }),
      expect.objectContaining({
        id: 'k1',
        primary: false,
        canaryOpens: true,
        rows: { grant_tokens: 1 },
        journalRecords: 3,
      }),
    ]);
    expect((await commands(newKey('k2')).report()).keys).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'k2', canaryOpens: false }),
        expect.objectContaining({ id: 'k1', held: false, canaryOpens: null }),
      ]),
    );
    expect(JSON.stringify(keys)).not.toContain(one.split(':')[1]!.slice(0, 12));
  });
});

describe('a rotation', () => {
  it('is refused while a running process does not hold the first key, and changes nothing', async () => {
    await start([one]);
    await sealGrant(one);
    await expect(commands(two, one).rotate({})).rejects.toMatchObject({
      code: 'keys.not_held',
      message: expect.stringContaining('api'),
    });
    expect((await commands(two, one).report()).keys.find(({ id }) => id === 'k1')?.rows).toEqual({ grant_tokens: 1 });
  });

  it('runs beside a process whose first key is the older one', async () => {
    await start([one, two]);
    await sealGrant(one);
    expect(await commands(two, one).rotate({})).toEqual({ rewrapped: 1, closed: [], remaining: 0 });
  });
});

describe('a key', () => {
  it('is kept while rows are under it, with the number of them, and retires after a rotation', async () => {
    await start([two, one]);
    await stop(await start([one, two]));
    await sealGrant(one);
    await aDayLater();
    await expect(commands(two, one).retire('k1')).rejects.toMatchObject({
      code: 'keys.in_use',
      message: 'The key "k1" is still needed: 1 rows of grant_tokens are sealed under it.',
    });
    await commands(two, one).rotate({});
    await commands(two, one).retire('k1');
    await commands(two, one).retire('k1');
    await expect(start([two])).resolves.toBeDefined();
  });

  it('is kept while it is the first key of a running process, or of the command', async () => {
    await start([one, two]);
    await expect(commands(two, one).retire('k1', { noWait: true })).rejects.toThrow(
      /first key of a running process \(api\)/,
    );
    await expect(commands(one).retire('k1', { noWait: true })).rejects.toThrow(/first key of MASTER_KEYS/);
  });

  it('is kept while a journal has records under it, also after its exchanger has ended', async () => {
    let records: Record<string, number> = { k1: 1 };
    const exchanger = await start([two, one], () => records);
    await stop(await start([one, two]));
    await expect(commands(two, one).retire('k1', { noWait: true })).rejects.toThrow(/the journal .* has records/);
    await stop(exchanger);
    await expect(commands(two, one).retire('k1', { noWait: true })).rejects.toThrow(/journal/);
    const [journal] = (await commands(two, one).report()).processes;
    records = {};
    await commands(two, one).retire('k1', { noWait: true, lostJournals: [journal!.id] });
  });

  it('is kept for 24 hours after a process has sealed with it, because clients hold what it signed', async () => {
    await stop(await start([one, two]));
    await expect(commands(two, one).retire('k1')).rejects.toThrow(/states, cursors, idempotency keys/);
    await aDayLater();
    await expect(commands(two, one).retire('k1')).resolves.toBeUndefined();
  });

  it('that is retired is reported where rows came under it afterwards, with their number', async () => {
    await stop(await start([one, two]));
    await commands(two, one).retire('k1', { noWait: true });
    await sealGrant(one);
    await expect(commands(two, one).retire('k1')).rejects.toMatchObject({
      code: 'keys.in_use',
      message: 'The key "k1" is still needed: 1 rows of grant_tokens are sealed under it.',
    });
    await commands(two, one).rotate({});
    await commands(two, one).retire('k1');
  });

  it('is unknown where no process has reported it, and the known ones are named', async () => {
    await start([one]);
    await expect(commands(one).retire('k9')).rejects.toMatchObject({
      code: 'keys.unknown',
      message: expect.stringContaining('"k1"'),
    });
  });

  it('seals nothing after it is retired: a process that has it first is refused', async () => {
    await stop(await start([one, two]));
    await commands(two, one).retire('k1', { noWait: true });
    await expect(start([one, two])).rejects.toMatchObject({ code: 'keys.retired' });
    await expect(start([two, one])).resolves.toBeDefined();
  });
});
