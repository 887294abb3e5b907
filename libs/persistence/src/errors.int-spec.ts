import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeProject, makeTenant } from '../../../test/support/rows.js';
import { Project } from './entities/index.js';
import { violates } from './errors.js';
import { newId } from './ids.js';
import type { Tenant } from './tenant.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

describe('a refused second row', () => {
  async function refusal(second: () => Promise<unknown>): Promise<unknown> {
    try {
      await second();
    } catch (error) {
      return error;
    }
    throw new Error('the second row was taken');
  }

  it('is known by the name of the index that refused it, from pg and from TypeORM', async () => {
    await makeProject(opened.database.pool, tenant, true);
    const again = {
      id: newId(),
      workspaceId: tenant.workspaceId,
      environment: tenant.environment,
      name: 'again',
      isDefault: true,
    };
    const errors = [
      await refusal(() => makeProject(opened.database.pool, tenant, true)),
      await refusal(() => opened.database.dataSource.getRepository(Project).insert(again)),
    ];
    expect(errors.map((error) => violates(error, 'projects_one_default'))).toEqual([true, true]);
    expect(errors.map((error) => violates(error, 'projects_pkey'))).toEqual([false, false]);
  });

  it('is nothing else that goes wrong', async () => {
    const error = await refusal(() => opened.database.pool.query('select 1/0'));
    expect([error, new Error('x'), undefined, 'x'].some((other) => violates(other, 'projects_one_default'))).toBe(
      false,
    );
  });
});
