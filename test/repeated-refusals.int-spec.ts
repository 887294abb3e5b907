import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DueProbes } from '#accounts';
import { type Fault, Flow } from './support/flow.js';
import { grantOf } from './support/flow-rows.js';

/** Refusals of a token that works, several in turn: a wrong answer of a platform costs no account. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

type Refusal = Pick<Fault, 'status' | 'body'>;
interface Refusals {
  token: Refusal;
  probe: Refusal & Pick<Fault, 'endpoint'>;
}

const graph = (subcode: number): Refusal => ({
  status: 400,
  body: { error: { message: 'x', type: 'OAuthException', code: 190, error_subcode: subcode } },
});

/** What each platform answers to a token that is revoked. */
const REFUSALS: Record<string, Refusals> = {
  x: {
    token: {
      status: 400,
      body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' },
    },
    probe: { endpoint: 'identity', status: 401, body: { title: 'Unauthorized', type: 'about:blank', status: 401 } },
  },
  tiktok: {
    token: { status: 200, body: { error: 'invalid_grant', error_description: 'x', log_id: '1' } },
    probe: { endpoint: 'identity', status: 401, body: { data: {}, error: { code: 'access_token_invalid' } } },
  },
  linkedin: {
    token: { status: 400, body: { error: 'invalid_grant', error_description: 'x' } },
    probe: { endpoint: 'probe', status: 200, body: { active: false, status: 'revoked' } },
  },
  instagram: { token: graph(463), probe: { endpoint: 'identity', ...graph(458) } },
  pinterest: {
    token: { status: 400, body: { error: 'invalid_grant', code: 1, message: 'x' } },
    probe: { endpoint: 'identity', status: 401, body: { code: 2, message: 'Authentication failed.' } },
  },
};

/** More than a day, since Instagram refuses to extend a younger token. */
const SECONDS_BEFORE = 100_000;
/** Longer than the pause between two refusals, and than Instagram's probes are apart. */
const SECONDS_BETWEEN = 7 * 60 * 60;
const MAX_ROUNDS = 12;

async function connected(provider: string): Promise<{ account: string; grant: string }> {
  await flow.begin();
  if (provider !== 'x' && provider !== 'tiktok') await flow.app(provider, { isDefault: true });
  await flow.knobs(provider, { access_ttl_seconds: 30 * 24 * 60 * 60 });
  const account = await flow.connect(provider);
  const { id } = await grantOf(flow, account);
  await flow.pass(SECONDS_BEFORE);
  return { account, grant: id };
}

/** Repeats the step more than `times` times, until the account is healthy; returns the state after each. */
async function statesOf(account: string, times: number, step: () => Promise<unknown>): Promise<string[]> {
  const states: string[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await step();
    const [health, reason] = await flow.healthOf(account);
    states.push(reason === null ? health : `${health} ${reason}`);
    if (states.length > times && health === 'active' && states.at(-2) === 'active') return states;
    await flow.pass(SECONDS_BETWEEN);
  }
  return states;
}

describe.each(Object.keys(REFUSALS))('a token of %s that works', (provider) => {
  const { token, probe } = REFUSALS[provider]!;

  it.each([1, 2, 3, 5])('is refused %i times at a refresh: degraded, then active without a person', async (times) => {
    const { account, grant } = await connected(provider);
    await flow.fault({ provider, endpoint: 'token', times, ...token });
    const states = await statesOf(account, times, () => flow.exchange().refresh(grant, { forced: true }));
    expect(states.slice(0, times).every((state) => state.startsWith('degraded'))).toBe(true);
    expect(states.slice(-2)).toEqual(['active', 'active']);
  });

  it.each([1, 2, 3, 5])(
    'is refused %i times at its probe: it stays or becomes active without a person',
    async (times) => {
      const { account, grant } = await connected(provider);
      await flow.fault({ provider, times, ...probe });
      const states = await statesOf(account, times, async () => {
        await flow.get(DueProbes).probe(account);
        await flow.exchange().refresh(grant);
      });
      expect(states.slice(-2)).toEqual(['active', 'active']);
    },
  );
});
