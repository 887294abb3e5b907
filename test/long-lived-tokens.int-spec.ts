import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Fault, Flow, RETURN_URL, type SandboxCall } from './support/flow.js';
import { attemptsOf } from './support/flow-rows.js';

/** Platforms where the token of a code is exchanged for a long-lived one: real exchanger, real socket. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());

const REVOKED = { error: { message: 'Error validating access token', type: 'OAuthException', code: 190 } };
const WRONG_SECRET = { error: { message: 'Error validating client secret.', type: 'OAuthException', code: 1 } };
const FAILURES: [string, Omit<Fault, 'endpoint'>][] = [
  ['a failure of the platform', { status: 500 }],
  ['an answer that cannot be read', { status: 200, body: '[]' }],
  ['a limit that requests a second', { status: 429, headers: { 'Retry-After': '1' } }],
  ['a refusal of the new token', { status: 400, body: REVOKED }],
  ['a redirect', { status: 302, headers: { Location: 'https://a.example/' } }],
];

describe.each(['facebook', 'instagram'])('a connection at %s', (provider) => {
  beforeEach(async () => {
    await flow.begin();
    await flow.app(provider, { isDefault: true });
  });

  /** The code is exchanged, and the request after it meets the fault. */
  async function connect(fault: Omit<Fault, 'endpoint'>): Promise<unknown> {
    const { authorizeUrl } = await flow.start(provider);
    await flow.fault({ provider, endpoint: 'token', delay_ms: 1 });
    await flow.fault({ provider, endpoint: 'token', ...fault });
    return flow.callback(await flow.decide(authorizeUrl));
  }

  const outcomes = async (endpoint: string): Promise<string[]> =>
    (await flow.calls(endpoint)).map(({ outcome }: SandboxCall) => outcome);

  it.each(FAILURES)('is made although the exchange for a long-lived token meets %s once', async (_, fault) => {
    expect(await connect(fault)).toMatchObject({ url: `${RETURN_URL}?connected=${provider}` });
    expect(await outcomes('token')).toEqual(['ok', 'fault', 'ok']);
  });

  it('fails at once where the platform refuses the app, and the token of the code is revoked', async () => {
    expect(await connect({ status: 400, body: WRONG_SECRET })).toMatchObject({
      url: `${RETURN_URL}?oauth_error=app_misconfigured`,
    });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'app_misconfigured', sealed: false }]);
    await flow.pass(7);
    await flow.revoked();
    expect(await outcomes('revoke')).toEqual(provider === 'facebook' ? ['ok'] : []);
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });
});
