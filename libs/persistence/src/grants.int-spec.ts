import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeGrant, makeTenant } from '../../../test/support/rows.js';
import type { Tenant } from './tenant.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

describe("the version of a grant's tokens", () => {
  const setVersion = (id: string, version: string): Promise<unknown> =>
    opened.database.pool.query('update grants set token_version = $2 where id = $1', [id, version]);

  it('increases the version with each write', async () => {
    const id = await makeGrant(opened.database.pool, tenant);
    await expect(setVersion(id, '8')).resolves.toBeDefined();
  });

  it('never decreases a version for any caller', async () => {
    const id = await makeGrant(opened.database.pool, tenant);
    await expect(setVersion(id, '6')).rejects.toThrow(`token_version of grant ${id} would fall from 7 to 6`);
  });
});
