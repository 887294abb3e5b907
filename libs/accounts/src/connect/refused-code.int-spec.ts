import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Fault, Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, tenantEvents } from '../../../../test/support/flow-rows.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const rejected = (error_message: string): object => ({ error_type: 'OAuthException', code: 400, error_message });
const graph = (code: number, message: string): object => ({ error: { message, type: 'OAuthException', code } });

type Case = [provider: string, what: string, fault: Pick<Fault, 'status' | 'body'>, error: string, code: string];

const CASES: Case[] = [
  [
    'instagram',
    'a person without a role in the app',
    { status: 400, body: rejected('Insufficient developer role') },
    'app_misconfigured',
    'insufficient_developer_role',
  ],
  [
    'instagram',
    'a sentence of tomorrow',
    { status: 400, body: rejected('No such thing') },
    'exchange_failed',
    'OAuthException',
  ],
  [
    'instagram',
    'a deactivated app, with 200',
    { status: 200, body: graph(200, 'API access deactivated. To reactivate, go to the app dashboard.') },
    'app_misconfigured',
    '200',
  ],
  ['facebook', 'a code of tomorrow', { status: 400, body: graph(36_999, 'No such thing') }, 'exchange_failed', '36999'],
  [
    'x',
    'a wrong code in a word of another server, with 200',
    { status: 200, body: { error: 'bad_verification_code' } },
    'exchange_failed',
    'bad_verification_code',
  ],
  [
    'x',
    'another redirect URI',
    { status: 400, body: { error: 'redirect_uri_mismatch' } },
    'app_misconfigured',
    'redirect_uri_mismatch',
  ],
  ['x', 'a scope', { status: 400, body: { error: 'invalid_scope' } }, 'app_misconfigured', 'invalid_scope'],
  [
    'x',
    'a word with control characters and no end',
    { status: 400, body: { error: `bad\u0000${'x'.repeat(5_000)}` } },
    'exchange_failed',
    `bad${'x'.repeat(97)}`,
  ],
  ['x', 'a page of a proxy', { status: 403, body: '<html>Blocked</html>' }, 'exchange_failed', 'unreadable'],
  [
    'tiktok',
    'a parameter, with 200',
    { status: 200, body: { error: 'invalid_request', error_description: 'No.', log_id: '1' } },
    'exchange_failed',
    'invalid_request',
  ],
  [
    'linkedin',
    'a sentence of tomorrow',
    { status: 401, body: { error: 'invalid_request', error_description: 'No.' } },
    'exchange_failed',
    'invalid_request',
  ],
  [
    'pinterest',
    'an unknown app',
    { status: 401, body: { code: 283, data: 'Invalid Application ID', message: 'The authorization grant is invalid' } },
    'app_misconfigured',
    '283',
  ],
  [
    'pinterest',
    'a number of tomorrow',
    { status: 400, body: { code: 9_999, message: 'No' } },
    'exchange_failed',
    '9999',
  ],
  ['x', 'an outage', { status: 503, body: { error: 'something_new' } }, 'provider_unavailable', 'http_503'],
  ['x', 'a limit', { status: 429, body: { error: 'something_new' } }, 'provider_unavailable', 'http_429'],
];

describe('a code exchange that is answered', () => {
  it.each(CASES)(
    "a refusal by %s with %s ends the attempt, with the platform's code in its row and in the one event",
    async (provider, _what, fault, error, code) => {
      if (provider !== 'x' && provider !== 'tiktok') await flow.app(provider);
      const { authorizeUrl } = await flow.start(provider);
      await flow.fault({ provider, endpoint: 'token', ...fault });
      expect(await flow.callback(await flow.decide(authorizeUrl))).toEqual({
        kind: 'redirect',
        url: `${RETURN_URL}?oauth_error=${error}`,
      });
      expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error, platformCode: code }]);
      const failed = (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_attempt.failed');
      expect(failed).toMatchObject([{ data: { provider, error, code } }]);
      expect(await flow.calls('token')).toHaveLength(1);
    },
  );

  it('a refusal of one person marks no app, and a refusal of the app marks it once', async () => {
    await flow.app('instagram');
    for (const message of ['Insufficient developer role', 'Invalid platform app', 'Invalid platform app']) {
      const { authorizeUrl } = await flow.start('instagram');
      await flow.fault({ provider: 'instagram', endpoint: 'token', status: 400, body: rejected(message) });
      await flow.callback(await flow.decide(authorizeUrl));
      const marked = (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_app.status_changed');
      expect(marked).toHaveLength(message === 'Invalid platform app' ? 1 : 0);
    }
  });
});
