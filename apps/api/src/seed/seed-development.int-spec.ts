import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { readApiConfig } from '#config';
import { createLogger } from '#observability';
import { PROVIDER_NAMES } from '#providers';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { SeedDevelopment } from './seed-development.js';
import { SeedModule } from './seed.module.js';

let database: TestDatabase;
let context: INestApplicationContext;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  const config = readApiConfig({ DATABASE_URL: database.url, MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}` });
  const module = SeedModule.forRoot(config, createLogger({ app: 'test', level: 'silent' }));
  context = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
});

afterAll(async () => {
  await context.close();
  await pool.end();
  await database.close();
});

const counts = async (): Promise<unknown> =>
  (
    await pool.query(
      'select (select count(*)::int from api_keys) as keys, (select count(*)::int from oauth_apps) as apps',
    )
  ).rows[0];

describe('the seed of a development start', () => {
  it('makes what a first connect needs, and the second time nothing', async () => {
    const seed = context.get(SeedDevelopment);
    const first = await seed.execute(undefined);
    expect(first.workspace).toBe('default');
    expect(await counts()).toEqual({ keys: 1, apps: PROVIDER_NAMES.length });
    const second = await seed.execute(first.testApiKey);
    expect(second.testApiKey.reveal()).toBe(first.testApiKey.reveal());
    expect(await counts()).toEqual({ keys: 1, apps: PROVIDER_NAMES.length });
  });

  it('makes another key when the one it is given is no longer good', async () => {
    const seed = context.get(SeedDevelopment);
    const first = await seed.execute(undefined);
    await pool.query('update api_keys set revoked_at = db_now()');
    expect((await seed.execute(first.testApiKey)).testApiKey.reveal()).not.toBe(first.testApiKey.reveal());
  });

  it('makes default apps in the test environment only', async () => {
    const { rows } = await pool.query('select distinct environment, is_default from oauth_apps');
    expect(rows).toEqual([{ environment: 'test', is_default: true }]);
  });
});
