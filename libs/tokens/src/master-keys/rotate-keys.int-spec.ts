import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { transaction } from '#persistence/sql';
import { openDatabaseForEachTest } from '../../../../test/support/open-database.js';
import { GRANT_VERSION, makeGrant } from '../../../../test/support/rows.js';
import { Vault } from '../vault.js';
import { rotateKeys } from './rotate-keys.js';

const [one, two] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [string, string];
const ring = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));
const opened = openDatabaseForEachTest();
const pool = (): Pool => opened.database.pool;
const end = new AbortController();

afterEach(() => {
  end.abort();
});

async function sealGrant(id?: string): Promise<string> {
  const grant = id ?? (await makeGrant(pool(), opened.tenant));
  const tokens = { access: new Secret('access'), refresh: null, previous: null };
  await new Vault(ring(one)).sealGrantTokens(pool(), { ...opened.tenant, id: grant }, GRANT_VERSION, tokens);
  return grant;
}

const rotate = (): ReturnType<typeof rotateKeys> => rotateKeys({ pool: pool(), keyring: ring(two, one), passPause: 5 });

describe('a rotation', () => {
  it('ends, and counts what is left, while a process continues to write under the older key', async () => {
    const grants = await Promise.all(Array.from({ length: 20 }, () => sealGrant()));
    const writer = (async () => {
      while (!end.signal.aborted) for (const id of grants) if (Math.random() < 0.5) await sealGrant(id);
    })();
    const { rewrapped, closed } = await rotate();
    expect([rewrapped >= 20, closed]).toEqual([true, []]);
    end.abort();
    await writer;
    expect((await rotate()).remaining).toBe(0);
  });

  it('waits for rows that are locked, and wraps them when they are free', async () => {
    const id = await sealGrant();
    let rotation: ReturnType<typeof rotate> | undefined;
    await transaction(pool(), async (tx) => {
      await tx.query('select 1 from grant_tokens where grant_id = $1 for update', [id]);
      rotation = rotate();
      await new Promise((settle) => setTimeout(settle, 20));
    });
    expect(await rotation).toEqual({ rewrapped: 1, closed: [], remaining: 0 });
  });

  it('ends, and counts the row, where a row stays locked', async () => {
    const id = await sealGrant();
    await transaction(pool(), async (tx) => {
      await tx.query('select 1 from grant_tokens where grant_id = $1 for update', [id]);
      expect(await rotate()).toEqual({ rewrapped: 0, closed: [], remaining: 1 });
    });
  });
});
