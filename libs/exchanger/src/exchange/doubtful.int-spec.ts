import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Fault, Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { ExchangeEngine } from './exchange-engine.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const refreshes = () => flow.calls('token', 'refresh_token');
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
const PAGE = '<html><body>Please wait</body></html>';

async function due(provider = 'x'): Promise<string> {
  if (provider !== 'x') await flow.app(provider);
  const id = await flow.connect(provider);
  await flow.pass(102);
  return id;
}

/** An account whose access token is valid for ten more minutes when it is due. */
async function dueWithTime(): Promise<string> {
  await flow.knobs('x', { access_ttl_seconds: 3_600 });
  const id = await flow.connect('x');
  await flow.pass(3_030);
  return id;
}

/** The platform rotates, and this is answered in place of its tokens. */
const loses = (fault: Partial<Fault>) => flow.fault({ endpoint: 'token', when: 'after', ...fault });

const intents = async (id: string) =>
  flow.many('select state, error_code as code from exchange_intents where grant_id = $1 order by prepared_at', [
    (await grantOf(flow, id)).id,
  ]);

const doubtOf = async (id: string) =>
  flow.one('select refresh_state as state, unknown_since is not null as "inDoubt" from grants where id = $1', [
    (await grantOf(flow, id)).id,
  ]);

/** Answers that leave it open whether a one-time token was spent. */
const DOUBTFUL: [what: string, fault: Partial<Fault>, code: string][] = [
  ['a failing gateway', { status: 502, body: PAGE }, 'http_502'],
  ['a gateway that waited too long', { status: 504, body: '' }, 'http_504'],
  ['a platform that fails, in the words of a refusal', { status: 500, body: { error: 'invalid_grant' } }, 'http_500'],
  ['a redirect', { status: 302, body: '', headers: { location: 'https://x.com/maintenance' } }, 'unreadable'],
  ['a page of a proxy', { status: 403, body: PAGE }, 'unreadable'],
];

describe('a one-time refresh token whose platform rotated, and of which something in between answers', () => {
  it.each(DOUBTFUL)(
    '%s is lost; it is reported after a second check, and not as a revocation',
    async (_, fault, code) => {
      const id = await dueWithTime();
      await loses(fault);
      expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
      expect(await flow.healthOf(id)).toEqual(['degraded', 'provider_unavailable']);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'backoff', strikes: 0, version: '1' });
      expect(await intents(id)).toEqual([{ state: 'unknown', code }]);
      expect(await refresh(id)).toEqual({ kind: 'nothing_to_do' });
      await flow.pass(61);
      expect(await refresh(id)).toEqual({ kind: 'refused' });
      expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
      await flow.pass(61);
      await acceptElsewhere(flow.pool);
      expect(await refresh(id)).toEqual({ kind: 'refused' });
      expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'refresh_outcome_unknown']);
      const reported = (await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked');
      expect(reported.map(({ data }) => data)).toEqual([{ reason: 'refresh_outcome_unknown' }]);
      expect((await refreshes()).map(({ outcome }) => outcome)).toEqual(['ok', 'spent_token', 'revoked_grant']);
    },
  );

  it('is in doubt for the process that finds the answer in the journal, too', async () => {
    const id = await dueWithTime();
    const { id: grantId } = await grantOf(flow, id);
    await loses({ status: 502, body: PAGE });
    const journal = new MemoryJournal();
    const at = (point: string): void => {
      if (point === 'W5') throw new Error('ends');
    };
    const engine = (more: object) => new ExchangeEngine({ ...flow.context(), holder: 'a host', journal, ...more });
    await expect(engine({ at }).refresh(grantId)).rejects.toThrow('ends');
    await (
      await engine({}).recover(journal.left)
    ).done;
    expect(await intents(id)).toEqual([{ state: 'unknown', code: 'http_502' }]);
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
  });
});

describe('an answer that leaves the outcome open', () => {
  it.each(DOUBTFUL)('%s costs nothing where the platform did not see the request', async (_, fault) => {
    const id = await due();
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await doubtOf(id)).toEqual({ state: 'idle', inDoubt: false });
  });

  it.each([
    ['a limit', { status: 429 }],
    ['a request that came too slowly', { status: 408, body: PAGE }],
    ['a request that came too early', { status: 425 }],
    ['a refusal in words that no table lists', { status: 400, body: { error: 'something_new' } }],
    ['a listed failure that passes', { status: 400, body: { error: 'temporarily_unavailable' } }],
  ] as [string, Partial<Fault>][])('is not that of %s', async (_, fault) => {
    const id = await due();
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await doubtOf(id)).toEqual({ state: 'backoff', inDoubt: false });
    expect(await intents(id)).toMatchObject([{ state: 'answered' }]);
  });

  it('is an ordinary failure where a refresh token may be sent twice', async () => {
    const id = await due('linkedin');
    await flow.fault({ provider: 'linkedin', endpoint: 'token', status: 502, body: PAGE });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await doubtOf(id)).toEqual({ state: 'backoff', inDoubt: false });
  });

  it('is one where the platform was seen to rotate a token that its definition keeps', async () => {
    const id = await due('linkedin');
    await flow.pool.query(`update grants set mode = 'rotating_strict' where id = $1`, [(await grantOf(flow, id)).id]);
    await flow.fault({ provider: 'linkedin', endpoint: 'token', status: 502, body: PAGE });
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    expect(await doubtOf(id)).toEqual({ state: 'backoff', inDoubt: true });
  });
});
