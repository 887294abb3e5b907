// cspell:ignore lrange smembers zset zrange xrange
import { Redis } from 'ioredis';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** A place where bytes of the service lie, and what is there. */
export type Places = Map<string, Buffer>;

/** Every table of the database, those of the queue too: the bytes of each column as they are stored. */
export async function readTables(databaseUrl: string): Promise<Places> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const places: Places = new Map();
    for (const { name } of rows) places.set(`table ${name}`, await readTable(client, name));
    return places;
  } finally {
    await client.end();
  }
}

async function readTable(client: pg.Client, name: string): Promise<Buffer> {
  const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
  const values = rows.flatMap((row) => Object.values(row)).filter((value) => value !== null);
  return joined(values.map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(textOf(value)))));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const joined = (parts: readonly Buffer[]): Buffer => Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));

/** Every file below a folder. */
export function readFolder(name: string, folder: string): Places {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((file) => [`${name} ${file.name}`, readFileSync(join(file.parentPath, file.name))] as const),
  );
}

/** Every key of a Redis, with its value in the form in which Redis moves it to another one. */
export async function readRedis(url: string): Promise<Places> {
  const redis = new Redis(url);
  try {
    const keys = await redis.keys('*');
    const values = await Promise.all(keys.map((key) => valueOf(redis, key)));
    return new Map([['redis', joined([...keys.map((key) => Buffer.from(key)), ...values])]]);
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: Redis, key: string): Promise<Buffer> {
  const kind = await redis.type(key);
  const read: Record<string, () => Promise<unknown>> = {
    string: () => redis.get(key),
    hash: () => redis.hgetall(key),
    list: () => redis.lrange(key, 0, -1),
    set: () => redis.smembers(key),
    zset: () => redis.zrange(key, 0, -1),
    stream: () => redis.xrange(key, '-', '+'),
  };
  const value = (await read[kind]?.()) ?? '';
  return Buffer.from(JSON.stringify(value));
}
