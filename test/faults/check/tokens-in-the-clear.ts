import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { Vault } from '#tokens';
import type { World } from '../world/world.js';

/** The form of the tokens of both platforms: a run of base64url or hex characters. */
const CANDIDATE = /[A-Za-z0-9_-]{20,}/g;

/** The files, logs, tables and queue keys in which a token of this run is unencrypted. */
export async function tokensInTheClear(world: World): Promise<string[]> {
  const tokens = await knownTokens(world);
  const isFound = (text: string): boolean => text.match(CANDIDATE)?.some((word) => tokens.has(word)) ?? false;
  const { directory, redisUrl } = world.settings;
  const files = filesIn(directory).filter((path) => isFound(readFileSync(path, 'latin1')));
  const tables: string[] = [];
  for (const table of await tablesOf(world.pool))
    if (isFound(await textOf(world.pool, table))) tables.push(`table ${table}`);
  const redis = redisUrl !== null && isFound(await textOfRedis(redisUrl)) ? ['redis'] : [];
  return [...files.map((path) => relative(directory, path)), ...tables, ...redis];
}

/** Every token that was seeded, and every token that is stored now. */
async function knownTokens({ pool, keyring, population, seeded }: World): Promise<Set<string>> {
  const vault = new Vault(keyring);
  const tokens = new Set(seeded.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]));
  for (const { grantId, tenant } of population.accounts) {
    const stored = await vault.openGrantTokens(pool, { ...tenant, id: grantId });
    for (const token of [stored?.access, stored?.refresh, stored?.previous]) if (token) tokens.add(token.reveal());
  }
  return tokens;
}

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function tablesOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'bullmq')`,
  );
  return rows.map(({ name }) => name);
}

async function textOf(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<Record<string, unknown>>(`select * from ${table}`);
  const values = rows.flatMap((row) => Object.values(row));
  return values.map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value))).join('\n');
}

async function textOfRedis(url: string): Promise<string> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on('error', () => undefined);
  try {
    const keys = await redis.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => ((await redis.type(key)) === 'hash' ? Object.values(await redis.hgetall(key)) : [])),
    );
    return [...keys, ...values.flat()].join('\n');
  } finally {
    redis.disconnect();
  }
}
