import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';

const ACCESS = 'canary-access-6f1d2b';
const REFRESH = 'canary-refresh-93ac07';

/** A canary as it is, and as a stored value may hold it. */
const spellings = (canary: string): string[] => {
  const bytes = Buffer.from(canary);
  const inner = bytes.toString('base64').slice(4, -4);
  return [canary, bytes.toString('hex'), inner, bytes.subarray(1).toString('base64').slice(4, -4)];
};
const CANARIES = [ACCESS, REFRESH].flatMap(spellings);

let connected: ConnectedApi;
let app: string;
const written: string[] = [];
const restores: (() => void)[] = [];

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      written.push(Buffer.from(chunk).toString());
      return write(chunk, ...rest);
    };
    restores.push(() => {
      stream.write = write;
    });
  }
  connected = await ConnectedApi.open();
  app = await connected.app('x', { client_id: 'canary-app' });
});
afterAll(async () => {
  for (const restore of restores) restore();
  await connected.close();
});

async function send(body: object): Promise<string> {
  const answer = await connected.api.call('/v1/accounts', {
    as: connected.key,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': `key-${written.length}-${JSON.stringify(body).length}`,
    },
    body: JSON.stringify(body),
  });
  return `${answer.status} ${await answer.text()} ${JSON.stringify([...answer.headers])}`;
}

/** Every row of every table as text; bytes stand there in hex. */
async function dump(): Promise<string> {
  const { rows: tables } = await connected.pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await connected.pool.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

it('no part of supplied credentials is in an answer, an event, an idempotency row, another row or a line of output', async () => {
  const body = {
    provider: 'x',
    platform_account_id: '424242',
    oauth_app_id: app,
    credentials: { access_token: ACCESS, refresh_token: REFRESH },
    verify: false,
  };
  const answers = [
    await send(body),
    await send({ ...body, verify: true }),
    await send({ ...body, platform_account_id: ACCESS }),
    await send({ ...body, credentials: { ...body.credentials, expires_at: 'soon' } }),
    await send({ ...body, credentials: { ...body.credentials, unknown: REFRESH } }),
    await send({ ...body, metadata: { k: 1 } }),
    await send({ ...body, verify: false, handle: 'again' }),
  ];
  expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['201', '422', '400', '400', '400', '400', '200']);
  const { rows } = await connected.pool.query(
    'select count(*)::int as sealed from grant_tokens where sealed_refresh is not null',
  );
  expect(rows).toEqual([{ sealed: 1 }]);
  const everything = [...answers, await dump(), ...written].join('\n');
  expect(everything).toContain('424242');
  expect(CANARIES.filter((canary) => everything.includes(canary))).toEqual([]);
});
