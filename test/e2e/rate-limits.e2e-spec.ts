import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Backend } from '../support/backend.js';
import { startSecondApi } from '../support/second-api.js';
import { session } from '../support/service.js';

const LIMIT = 400;
/** Of each process; together they exceed the limit. */
const REQUESTS = 300;
const CONNECTIONS = 8;

let second: Awaited<ReturnType<typeof startSecondApi>>;

beforeAll(async () => {
  second = await startSecondApi(session());
}, 120_000);

afterAll(() => second.stop());

interface Answer {
  status: number;
  /** The requests left, as the answer states. */
  left: number;
  retryAfter: string | null;
}

async function send(apiUrl: string, key: string): Promise<Answer> {
  const { status, headers, body } = await fetch(`${apiUrl}/v1/accounts?limit=1`, {
    headers: { authorization: `Bearer ${key}` },
  });
  await body?.cancel();
  const left = Number(/;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]);
  return { status, left, retryAfter: headers.get('retry-after') };
}

async function sendMany(apiUrl: string, key: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  const client = async (): Promise<void> => {
    for (let n = 0; n < REQUESTS / CONNECTIONS; n += 1) answers.push(await send(apiUrl, key));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return answers;
}

describe('the rate limit of a key at two API processes', () => {
  it('is never exceeded, is reached within 1 %, and each answer states what is left', async () => {
    const { key } = await Backend.ofNewCustomer(session(), { rate_limits: { read: LIMIT } });
    const urls = [session().apiUrl, second.apiUrl];
    const answers = (await Promise.all(urls.map((url) => sendMany(url, key)))).flat();
    const admitted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(admitted.length + refused.length).toBe(answers.length);
    expect(admitted.length).toBeLessThanOrEqual(LIMIT);
    expect(admitted.length).toBeGreaterThanOrEqual(LIMIT * 0.99);
    expect(new Set(admitted.map(({ left }) => left)).size).toBe(admitted.length);
    expect(admitted.every(({ left }) => left >= 0 && left < LIMIT)).toBe(true);
    expect(refused.every(({ left, retryAfter }) => left === 0 && Number(retryAfter) > 0)).toBe(true);
  }, 60_000);
});
