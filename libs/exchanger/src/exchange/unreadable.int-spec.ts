import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Fault, Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { Vault } from '#tokens';
import { ExchangeEngine } from './exchange-engine.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  await flow.app('linkedin');
});

/** The calls after the one that exchanged the code; a fault does not read which grant type it answers. */
const refreshes = async () => (await flow.calls('token')).slice(1);
const base64 = (bytes: Buffer): string => bytes.toString('base64');
const pair = { access_token: 'next-access', refresh_token: 'next-refresh', token_type: 'bearer', expires_in: 7_200 };
const JSON_PAIR = JSON.stringify(pair);
const FORM_PAIR = new URLSearchParams({ ...pair, expires_in: '7200' }).toString();
const HTML = '<html><body>We are sorry</body></html>';

/** Answers of a token endpoint that are no plain JSON, and hold a pair all the same. */
const READABLE: [what: string, fault: Partial<Fault>][] = [
  ['in gzip', { body_base64: base64(gzipSync(JSON_PAIR)), headers: { 'content-encoding': 'gzip' } }],
  ['in deflate', { body_base64: base64(deflateSync(JSON_PAIR)), headers: { 'content-encoding': 'deflate' } }],
  ['in br', { body_base64: base64(brotliCompressSync(JSON_PAIR)), headers: { 'content-encoding': 'br' } }],
  ['in gzip that no header names', { body_base64: base64(gzipSync(JSON_PAIR)) }],
  ['behind a byte order mark', { body: `\ufeff${JSON_PAIR}` }],
  ['in UTF-16', { body_base64: base64(Buffer.from(`\ufeff${JSON_PAIR}`, 'utf16le')) }],
  ['as a form', { body: FORM_PAIR, headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['as a form labelled as JSON', { body: FORM_PAIR, headers: { 'content-type': 'application/json' } }],
  ['as JSON labelled as HTML', { body: JSON_PAIR, headers: { 'content-type': 'text/html' } }],
];

/** Successes by their status without a readable pair. */
const UNREADABLE: [what: string, fault: Partial<Fault>][] = [
  ['HTML', { body: HTML, headers: { 'content-type': 'text/html' } }],
  ['nothing', { body: '' }],
  ['half a JSON', { body: JSON_PAIR.slice(0, -1) }],
  ['no tokens', { body: {} }],
  [
    'a decompression bomb',
    { body_base64: base64(gzipSync(Buffer.alloc(8 * 1024 * 1024, ' '))), headers: { 'content-encoding': 'gzip' } },
  ],
  ['a token with a line break', { body: { ...pair, access_token: 'a\r\nb' } }],
  ['a refresh token with a space', { body: { ...pair, refresh_token: 'a b' } }],
];

async function due(provider = 'x', persona = 'happy'): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect(provider, persona);
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

const storedPair = async (grantId: string): Promise<(string | undefined)[]> => {
  const tokens = await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId });
  return [tokens?.access.reveal(), tokens?.refresh?.reveal()];
};

describe('a new pair that comes', () => {
  it.each(READABLE)('%s is stored', async (_what, fault) => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', status: 200, ...fault });
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await storedPair(grantId)).toEqual(['next-access', 'next-refresh']);
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
    expect(await refreshes()).toHaveLength(1);
  });

  it.each(READABLE)('%s is stored by the process after the one that received it', async (_what, fault) => {
    const { grantId } = await due();
    await flow.fault({ endpoint: 'token', status: 200, ...fault });
    const journal = new MemoryJournal();
    const engine = (at?: (point: string) => void) =>
      new ExchangeEngine({ ...flow.context(), holder: 'a host', journal, ...(at && { at }) });
    const crashing = engine((point) => {
      if (point === 'W5') throw new Error(point);
    });
    await expect(crashing.refresh(grantId)).rejects.toThrow('W5');
    const next = engine();
    await (
      await next.recover(journal.left)
    ).done;
    await next.drain();
    expect(await storedPair(grantId)).toEqual(['next-access', 'next-refresh']);
    expect(await refreshes()).toHaveLength(1);
  });

  it.each(READABLE)('an answer to a code %s makes an account', async (_what, fault) => {
    await flow.fault({ endpoint: 'token', status: 200, ...fault });
    await flow.fault({ endpoint: 'identity', status: 200, body: { data: { id: '2244994945', username: 'ada' } } });
    const { handle, health } = await flow.account(await flow.connect('x'));
    expect([handle, health]).toEqual(['ada', 'active']);
  });
});

describe('an answer to a one-time refresh token that holds', () => {
  it.each(UNREADABLE)(
    '%s leaves its outcome unknown: the token is sent once more at once, and works if it was not spent',
    async (_what, fault) => {
      const { id, grantId } = await due();
      await flow.fault({ endpoint: 'token', status: 200, ...fault });
      expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
      expect((await refreshes()).map(({ outcome }) => outcome)).toEqual(['fault', 'ok']);
      expect(await flow.account(id)).toMatchObject({ health: 'active' });
      expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', strikes: 0, version: '2' });
    },
  );

  it('HTML, again and again, is never a strike, and is reported as an unknown outcome', async () => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', times: 4, status: 200, body: HTML });
    for (let round = 0; round < 3; round += 1) {
      expect(await flow.exchange().refresh(grantId)).not.toMatchObject({ kind: 'refreshed' });
      expect(await grantOf(flow, id)).toMatchObject({ state: 'unknown', strikes: 0, version: '1' });
      expect(await flow.account(id)).toMatchObject({ health: 'degraded', healthReason: 'refresh_outcome_unknown' });
      await flow.pass(61);
      await acceptElsewhere(flow.pool);
    }
    expect(await flow.one('select last_error as code from grants where id = $1', [grantId])).toEqual({
      code: 'unreadable',
    });
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('HTML after the platform spent it ends as an unknown outcome, not as a revocation', async () => {
    const { id, grantId } = await due();
    const [, spent] = await storedPair(grantId);
    const { clientId } = await flow.one<{ clientId: string }>(
      `select client_id as "clientId" from oauth_apps where workspace_id = $1 and provider = 'x'`,
      [flow.tenant.workspaceId],
    );
    const authorization = `Basic ${Buffer.from(`${clientId}:the-client-secret-of-a-test`).toString('base64')}`;
    expect(
      (
        await flow.sandbox.form(
          'https://api.x.com/2/oauth2/token',
          { grant_type: 'refresh_token', refresh_token: spent! },
          { authorization },
        )
      ).status,
    ).toBe(200);
    await flow.fault({ endpoint: 'token', status: 200, body: HTML });
    for (const health of ['degraded', 'needs_reauth']) {
      expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refused' });
      expect(await flow.account(id)).toMatchObject({ health, healthReason: 'refresh_outcome_unknown' });
      await flow.pass(61);
      await acceptElsewhere(flow.pool);
    }
  });
});

describe('an answer that cannot be read', () => {
  it('an answer to a refresh token that may be sent again is a temporary failure', async () => {
    const { id, grantId } = await due('linkedin');
    await flow.fault({ provider: 'linkedin', endpoint: 'token', status: 200, body: HTML });
    expect(await flow.exchange().refresh(grantId)).toMatchObject({ kind: 'unavailable' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'backoff', strikes: 0 });
    expect(await refreshes()).toHaveLength(1);
  });

  it.each(UNREADABLE)(
    'an answer to a code that holds %s ends the attempt: the code is not sent again',
    async (_what, fault) => {
      const { authorizeUrl } = await flow.start('x');
      await flow.fault({ endpoint: 'token', status: 200, ...fault });
      expect(await flow.callback(await flow.decide(authorizeUrl))).toMatchObject({
        url: `${RETURN_URL}?oauth_error=exchange_failed`,
      });
      expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'exchange_failed', sealed: false }]);
      expect(await flow.calls('token')).toHaveLength(1);
      expect(
        await flow.many(
          'select state, error_code as code from exchange_intents intent join connect_attempts attempt on attempt.id = attempt_id where workspace_id = $1',
          [flow.tenant.workspaceId],
        ),
      ).toEqual([{ state: 'unknown', code: 'unreadable' }]);
    },
  );

  it('an answer to the second half of an exchange is requested again, because that half may be repeated', async () => {
    await flow.app('instagram');
    const { authorizeUrl } = await flow.start('instagram');
    const back = await flow.decide(authorizeUrl);
    const short = {
      access_token: 'IGshort',
      permissions: ['instagram_business_basic', 'instagram_business_content_publish'],
    };
    await flow.fault({ provider: 'instagram', endpoint: 'token', status: 200, body: short });
    await flow.fault({ provider: 'instagram', endpoint: 'token', status: 200, body: HTML });
    await flow.fault({
      provider: 'instagram',
      endpoint: 'token',
      status: 200,
      body: { access_token: 'IGlong', expires_in: 5_184_000 },
    });
    await flow.fault({
      provider: 'instagram',
      endpoint: 'identity',
      status: 200,
      body: '{"id":25012345678901235,"user_id":17841405822304915}',
    });
    expect(await flow.callback(back)).toMatchObject({ url: `${RETURN_URL}?connected=instagram` });
    expect(
      await flow.many('select platform_account_id as id from accounts where workspace_id = $1', [
        flow.tenant.workspaceId,
      ]),
    ).toEqual([{ id: '17841405822304915' }]);
  });
});
