import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import {
  makeAccount,
  makeApp,
  makeAttempt,
  makeGrant,
  makeIntent,
  makeRevocation,
  makeTenant,
} from '../../../../test/support/rows.js';
import type { Tenant } from '../tenant.js';
import { transaction, type Tx } from '../tx.js';
import {
  accountTokens,
  attemptSecrets,
  grantTokens,
  oauthAppSecrets,
  revocationTokens,
  type SealedRow,
  type SealedTable,
  tokenOrphans,
} from './index.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

type AnyTable = SealedTable<string>;
const sealedRow = (version: string, ...columns: string[]): SealedRow<string> => ({
  version,
  values: Object.fromEntries(columns.map((column) => [column, randomBytes(60)])),
  dekWrapped: randomBytes(93),
  kekId: 'k1',
});

describe.each<[string, AnyTable, (tx: Tx, owner: Tenant) => Promise<string>, string[]]>([
  ['oauth_app_secrets', oauthAppSecrets, makeApp, ['sealed_client_secret']],
  ['attempt_secrets', attemptSecrets, makeAttempt, ['sealed_verifier', 'sealed_token_set']],
  ['grant_tokens', grantTokens, makeGrant, ['sealed_access', 'sealed_refresh', 'sealed_prev_refresh']],
  ['revocation_tokens', revocationTokens, makeRevocation, ['sealed_pair', 'sealed_client_secret']],
  ['account_tokens', accountTokens, makeAccount, ['sealed_access']],
])('the sealed table %s', (name, table, makeOwner, columns) => {
  it('gives back what was written, byte for byte', async () => {
    const { pool } = opened.database;
    const owner = await makeOwner(pool, tenant);
    const row = sealedRow('9007199254740993', ...columns);
    await table.write(pool, owner, row);
    expect(table.name).toBe(name);
    expect(await table.read(pool, owner)).toMatchObject(row);
  });

  it('keeps one row an owner: a second write replaces all of the first', async () => {
    const { pool } = opened.database;
    const [owner, other] = [await makeOwner(pool, tenant), await makeOwner(pool, tenant)];
    const [first, second, others] = [
      sealedRow('1', ...columns),
      { ...sealedRow('2', ...columns), kekId: 'k2' },
      sealedRow('1', ...columns),
    ];
    await table.write(pool, owner, first);
    await table.write(pool, other, others);
    await table.write(pool, owner, second);
    expect(await table.read(pool, owner)).toMatchObject(second);
    expect(await table.read(pool, other)).toMatchObject(others);
  });

  it('has nothing left after shredding, and nothing for an unknown owner', async () => {
    const { pool } = opened.database;
    const owner = await makeOwner(pool, tenant);
    expect(await table.read(pool, owner)).toBeUndefined();
    await table.write(pool, owner, sealedRow('1', ...columns));
    await table.shred(pool, owner);
    expect(await table.read(pool, owner)).toBeUndefined();
    await expect(table.shred(pool, owner)).resolves.toBeUndefined();
  });

  it('shreds with its transaction or not at all', async () => {
    const { pool } = opened.database;
    const owner = await makeOwner(pool, tenant);
    const row = sealedRow('1', ...columns);
    await table.write(pool, owner, row);
    await expect(
      transaction(pool, async (tx) => {
        await table.shred(tx, owner);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await table.read(pool, owner)).toMatchObject(row);
  });
});

describe('a sealed row', () => {
  it('may lack a value: null stays null, also where there was one before', async () => {
    const { pool } = opened.database;
    const owner = await makeAttempt(pool, tenant);
    const before = sealedRow('1', 'sealed_verifier', 'sealed_token_set');
    await attemptSecrets.write(pool, owner, before);
    const after = { ...before, values: { sealed_verifier: null, sealed_token_set: randomBytes(60) } };
    await attemptSecrets.write(pool, owner, after);
    expect((await attemptSecrets.read(pool, owner))?.values).toEqual(after.values);
  });

  it('goes with its owner', async () => {
    const { pool } = opened.database;
    const owner = await makeApp(pool, tenant);
    await oauthAppSecrets.write(pool, owner, sealedRow('1', 'sealed_client_secret'));
    await pool.query('delete from oauth_apps where id = $1', [owner]);
    expect(await oauthAppSecrets.read(pool, owner)).toBeUndefined();
  });

  it('that came too late is kept under the exchange that brought it', async () => {
    const { pool } = opened.database;
    const intent = await makeIntent(pool, tenant);
    const row = { ...sealedRow('1'), values: { sealed_pair: randomBytes(80) } };
    await tokenOrphans.write(pool, intent, row);
    expect(await tokenOrphans.read(pool, intent)).toEqual(row);
  });

  it('is read with the version of its grant, which shows whether both belong together', async () => {
    const { pool } = opened.database;
    const owner = await makeGrant(pool, tenant);
    await grantTokens.write(pool, owner, sealedRow('1', 'sealed_access', 'sealed_refresh', 'sealed_prev_refresh'));
    await pool.query('update grants set token_version = 8 where id = $1', [owner]);
    expect(await grantTokens.read(pool, owner)).toMatchObject({ version: '1', ownerVersion: '8' });
  });
});
