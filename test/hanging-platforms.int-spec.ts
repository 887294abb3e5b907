import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DisconnectAccount } from '#accounts';
import { setTimeout as pause } from 'node:timers/promises';
import { Flow } from './support/flow.js';
import { grantOf } from './support/flow-rows.js';

/** One platform hangs at the calls of many, over the real exchanger; work at other platforms continues. */
let flow: Flow;
const open: Promise<unknown>[] = [];
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(async () => {
  await Promise.allSettled(open);
  // It would wait for the revocations that hang.
  await flow.exchanger.end('SIGKILL');
  await flow.close();
});

/** More than the connections of each process to the database. */
const MANY = 40;
/** Longer than the time in which the work elsewhere must end. */
const HANGS_FOR_MS = 9_000;
/** Milliseconds for what takes a tenth of a second on a quiet machine. */
const SOON = 5_000;

async function within<Result>(work: Promise<Result>): Promise<number> {
  const begin = performance.now();
  await work;
  return performance.now() - begin;
}

const hangs = [
  ['that answers nothing', { delay_ms: HANGS_FOR_MS }],
  ['whose answer trickles', { drip_ms: 25 }],
] as const;

describe.each(hangs)('a platform %s', (_what, fault) => {
  beforeEach(() => flow.begin());

  const tiktok = { provider: 'tiktok', times: 1_000, ...fault };

  /** A consent, a refresh and a revocation at another platform. */
  async function workElsewhere(): Promise<void> {
    let account = '';
    expect(await within(flow.connect('x', 'paula').then((id) => (account = id)))).toBeLessThan(SOON);
    await flow.pass(102);
    const { id } = await grantOf(flow, account);
    expect(await within(flow.exchange().refresh(id))).toBeLessThan(SOON);
    expect((await grantOf(flow, account)).version).toBe('2');
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id: account });
    const revoked = async (): Promise<void> => {
      while ((await flow.calls('revoke')).filter(({ persona }) => persona === 'paula').length === 0) await pause(50);
    };
    expect(await within(revoked())).toBeLessThan(SOON);
  }

  it('delays no work elsewhere when it hangs at code exchanges', async () => {
    const backs: URL[] = [];
    for (let n = 0; n < MANY; n += 1) backs.push(await flow.decide((await flow.start('tiktok')).authorizeUrl));
    await flow.fault({ ...tiktok, endpoint: 'token' });
    open.push(...backs.map((back) => flow.callback(back)));
    await pause(500);
    await workElsewhere();
  }, 60_000);

  it('delays no work elsewhere when it hangs at revocations', async () => {
    const ids: string[] = [];
    const people = ['happy', 'omar', 'mei', 'unicode-handle', 'partial-consent', 'short-lived', 'ids-above-2-53'];
    for (const persona of people) ids.push(await flow.connect('tiktok', persona));
    await flow.fault({ ...tiktok, endpoint: 'revoke' });
    for (const id of ids) await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await workElsewhere();
  }, 60_000);
});
