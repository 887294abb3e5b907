import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { openDatabaseForEachTest } from '../../../../test/support/open-database.js';
import { GRANT_VERSION, makeApp, makeGrant, makeIntent } from '../../../../test/support/rows.js';
import { transaction } from '#persistence/sql';
import { checkKeys } from './check-keys.js';
import { sealCanary } from './key-canary.js';
import { Vault } from '../vault.js';

const logger = createLogger({ app: 'test', level: 'silent' });
const bytes = (): string => randomBytes(32).toString('base64');
const [one, two] = [`k1:${bytes()}`, `k2:${bytes()}`];
const ring = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));
const opened = openDatabaseForEachTest();

const check = (keyring: Keyring): Promise<string[]> => checkKeys({ pool: opened.database.pool, keyring, logger });

async function sealGrant(keyring: Keyring): Promise<string> {
  const id = await makeGrant(opened.database.pool, opened.tenant);
  const tokens = { access: new Secret('access'), refresh: null, previous: null };
  await new Vault(keyring).sealGrantTokens(opened.database.pool, { ...opened.tenant, id }, GRANT_VERSION, tokens);
  return id;
}

async function sealApp(keyring: Keyring): Promise<void> {
  const id = await makeApp(opened.database.pool, opened.tenant);
  await new Vault(keyring).sealClientSecret(
    opened.database.pool,
    { ...opened.tenant, id },
    new Secret('client secret'),
  );
}

describe('the keys at a start', () => {
  it('accepts any keys where nothing is sealed yet', async () => {
    expect(await check(ring(one))).toEqual(['k1']);
  });

  it('accepts keys that open what is sealed, also under an older key', async () => {
    await sealGrant(ring(one));
    await sealApp(ring(two));
    await expect(check(ring(two, one))).resolves.toBeDefined();
  });

  it('refuses keys without one that is in use, and names its id and its users', async () => {
    await sealGrant(ring(one));
    await sealGrant(ring(one));
    await sealApp(ring(two));
    await expect(check(ring(two))).rejects.toMatchObject({
      code: 'keys.missing',
      message: expect.stringContaining('"k1" (sealed rows: 2)'),
    });
  });

  it('refuses keys without one that only a late pair needs', async () => {
    const pool = opened.database.pool;
    await new Vault(ring(one)).sealOrphan(
      pool,
      { ...opened.tenant, id: await makeIntent(pool, opened.tenant) },
      {
        accessToken: new Secret('access'),
        refreshToken: null,
        expiresIn: null,
        refreshExpiresIn: null,
        scopes: null,
      },
    );
    await expect(check(ring(two))).rejects.toMatchObject({ code: 'keys.missing' });
    await expect(check(ring(two, one))).resolves.toBeDefined();
  });

  it('refuses a key with the right id and other bytes', async () => {
    await sealApp(ring(one));
    await expect(check(ring(`k1:${bytes()}`))).rejects.toMatchObject({
      code: 'keys.wrong',
      message: expect.stringContaining('"k1"'),
    });
  });

  it('accepts keys where one damaged row does not open and others do', async () => {
    const damaged = await sealGrant(ring(one));
    await opened.database.pool.query(`update grant_tokens set sealed_access = '\\x00' where grant_id = $1`, [damaged]);
    await sealGrant(ring(one));
    await expect(check(ring(one))).resolves.toBeDefined();
  });

  it('returns the ids of the keys that were checked, where a statement takes too long for the others', async () => {
    const pool = opened.database.pool;
    const [known, unknown] = [ring(two), ring(one, two)];
    await pool.query('insert into master_keys (id, canary) values ($1, $2)', ['k2', sealCanary(known, 'k2')]);
    await transaction(pool, async (tx) => {
      await tx.query('lock table grant_tokens in access exclusive mode');
      expect(await checkKeys({ pool, keyring: unknown, logger, within: 50 })).toEqual(['k2']);
      await expect(checkKeys({ pool, keyring: ring(`k2:${bytes()}`), logger, within: 50 })).rejects.toMatchObject({
        code: 'keys.wrong',
      });
    });
  });

  it('do not appear in what is refused', async () => {
    await sealGrant(ring(one));
    const error = await check(ring(two)).catch((caught: unknown) => caught as Error);
    expect(String(error)).not.toContain(two.split(':')[1]!.slice(0, 12));
  });
});
