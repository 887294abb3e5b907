import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { describe, expect, it } from '@jest/globals';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { transaction } from '#persistence/sql';
import { SEALED_TABLES } from '#persistence/sealed';
import { openDatabaseForEachTest } from '../../../../test/support/open-database.js';
import {
  makeAccount,
  makeApp,
  makeAttempt,
  makeGrant,
  makeIntent,
  makeRevocation,
  makeWebhook,
  GRANT_VERSION,
} from '../../../../test/support/rows.js';
import { Vault } from '../vault.js';
import { rewrapRows } from './rewrap-rows.js';

const [one, two] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [string, string];
const ring = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));
const [old, both, fresh] = [ring(one), ring(two, one), ring(two)];
const tokens = { access: new Secret('access'), refresh: new Secret('refresh'), previous: null };
const pair = {
  accessToken: new Secret('a'),
  refreshToken: null,
  expiresIn: null,
  refreshExpiresIn: null,
  scopes: null,
};
const opened = openDatabaseForEachTest();

const pool = (): Pool => opened.database.pool;
const sealGrant = async (version = GRANT_VERSION): Promise<string> => {
  const id = await makeGrant(pool(), opened.tenant);
  await pool().query('update grants set token_version = $2 where id = $1', [id, version]);
  await new Vault(old).sealGrantTokens(pool(), { ...opened.tenant, id }, version, tokens);
  return id;
};
const rowsOf = async (table: string): Promise<Record<string, unknown>[]> =>
  (await pool().query<Record<string, unknown>>(`select * from ${table} order by 1`)).rows;

describe('a pass that wraps data keys under the first master key', () => {
  it('reaches every sealed table, and each row opens with the new key alone', async () => {
    const vault = new Vault(old);
    const [grant, account, attempt, app, revocation, intent, webhook] = [
      await sealGrant('9007199254740993'),
      await makeAccount(pool(), opened.tenant),
      await makeAttempt(pool(), opened.tenant),
      await makeApp(pool(), opened.tenant),
      await makeRevocation(pool(), opened.tenant),
      await makeIntent(pool(), opened.tenant),
      await makeWebhook(pool(), opened.tenant),
    ].map((id) => ({ ...opened.tenant, id })) as [never, never, never, never, never, never, never];
    await vault.sealAccountToken(pool(), account, new Secret('page'));
    await vault.sealVerifier(pool(), attempt, new Secret('verifier'));
    await vault.sealClientSecret(pool(), app, new Secret('client secret'));
    await vault.sealRevocation(pool(), revocation, { tokens: pair, clientSecret: null });
    await vault.sealOrphan(pool(), intent, pair);
    await vault.sealWebhookSecrets(pool(), webhook, { secret: new Secret('signing'), previous: null });

    expect(await rewrapRows({ pool: pool(), keyring: both })).toEqual({ rewrapped: SEALED_TABLES.length, closed: [] });

    const renewed = new Vault(fresh);
    expect((await renewed.openGrantTokens(pool(), grant))?.refresh?.reveal()).toBe('refresh');
    expect((await renewed.openAccountToken(pool(), account))?.reveal()).toBe('page');
    expect((await renewed.openVerifier(pool(), attempt))?.reveal()).toBe('verifier');
    expect((await renewed.openClientSecret(pool(), app))?.reveal()).toBe('client secret');
    expect((await renewed.openRevocation(pool(), revocation))?.tokens.accessToken.reveal()).toBe('a');
    expect((await renewed.openWebhookSecrets(pool(), webhook))!.secret.reveal()).toBe('signing');
    expect((await renewed.openOrphan(pool(), intent))?.accessToken.reveal()).toBe('a');
  });

  it('changes the wrapped data key and its key id, and no other column', async () => {
    await sealGrant();
    const [before] = await rowsOf('grant_tokens');
    await rewrapRows({ pool: pool(), keyring: both });
    const [after] = await rowsOf('grant_tokens');
    expect(after).toEqual({ ...before, kek_id: 'k2', dek_wrapped: expect.any(Buffer) });
    expect(after?.dek_wrapped).not.toEqual(before?.dek_wrapped);
    expect(await rewrapRows({ pool: pool(), keyring: both })).toEqual({ rewrapped: 0, closed: [] });
  });

  it('continues behind each batch and reports it', async () => {
    for (let sealed = 0; sealed < 230; sealed += 10) await Promise.all(Array.from({ length: 10 }, () => sealGrant()));
    const batches: number[] = [];
    const onBatch = (batch: { table: string; rewrapped: number }): void => {
      if (batch.table === 'grant_tokens') batches.push(batch.rewrapped);
    };
    expect((await rewrapRows({ pool: pool(), keyring: both, onBatch })).rewrapped).toBe(230);
    expect(batches).toEqual([100, 100, 30, 0]);
  });

  it('leaves a locked row to the next pass and waits for no lock', async () => {
    const [locked] = [await sealGrant(), await sealGrant()];
    await transaction(pool(), async (tx) => {
      await tx.query('select 1 from grant_tokens where grant_id = $1 for update', [locked]);
      expect(await rewrapRows({ pool: pool(), keyring: both })).toEqual({ rewrapped: 1, closed: [] });
    });
    expect(await rewrapRows({ pool: pool(), keyring: both })).toEqual({ rewrapped: 1, closed: [] });
  });

  it('names a row that does not open or whose key is missing, changes nothing of it, and wraps the others', async () => {
    const [broken, foreign] = [await sealGrant(), await sealGrant()];
    await sealGrant();
    await pool().query(`update grant_tokens set version = 2 where grant_id = $1`, [broken]);
    await pool().query(`update grant_tokens set kek_id = 'k0' where grant_id = $1`, [foreign]);
    const untouched = async (): Promise<unknown[]> =>
      (await rowsOf('grant_tokens')).filter(({ grant_id: id }) => id === broken || id === foreign);
    const before = await untouched();
    const { rewrapped, closed } = await rewrapRows({ pool: pool(), keyring: both });
    expect(rewrapped).toBe(1);
    expect(closed).toHaveLength(2);
    expect(closed).toEqual(
      expect.arrayContaining([
        { table: 'grant_tokens', ownerId: broken, kekId: 'k1', reason: 'seal_broken' },
        { table: 'grant_tokens', ownerId: foreign, kekId: 'k0', reason: 'key_missing' },
      ]),
    );
    expect(await untouched()).toEqual(before);
  });
});
