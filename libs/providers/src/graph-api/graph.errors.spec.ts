import { describe, expect, it } from '@jest/globals';
import type { Failure } from '../contract/outcome.js';
import { classifyGraphError } from './graph.errors.js';

interface GraphError {
  code?: unknown;
  error_subcode?: unknown;
  message?: unknown;
  is_transient?: unknown;
  [more: string]: unknown;
}

const classify = (
  error: GraphError,
  { status = 400, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Failure | undefined =>
  classifyGraphError({
    status,
    headers,
    json: { error: { type: 'OAuthException', message: 'A sentence.', fbtrace_id: 'A1', ...error } },
  });

const permanent = (reason: string): object => ({ class: 'permanent', reason });
const owner = (reason: string): object => ({ class: 'owner', reason });
const permission = (reason: string): object => ({ class: 'permission', reason });
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const unavailable = { class: 'temporary', reason: 'provider_unavailable' };
const limited = { class: 'temporary', reason: 'rate_limited', retryAfter: 3_600 };
const loginFirst = 'You cannot access the app till you log in to www.example.com and follow the instructions given.';

describe('an error of the Graph API', () => {
  it.each([
    [190, undefined, permanent('grant_revoked')],
    [190, 0, permanent('grant_revoked')],
    [190, 456, permanent('grant_revoked')],
    [190, 458, permanent('grant_revoked')],
    [190, 460, permanent('password_changed')],
    [190, 461, permanent('grant_revoked')],
    [190, 462, permanent('grant_revoked')],
    [190, 463, permanent('grant_expired')],
    [190, 465, permanent('grant_revoked')],
    [190, 466, permanent('grant_revoked')],
    [190, 467, permanent('grant_revoked')],
    [190, 468, permanent('grant_expired')],
    [190, 492, permanent('role_lost')],
    [102, undefined, permanent('grant_revoked')],
    [102, 463, permanent('grant_expired')],
    [102, 460, permanent('password_changed')],
  ])('%s with subcode %s classifies the token as revoked', (code, subcode, meaning) => {
    expect(classify({ code, error_subcode: subcode })).toMatchObject(meaning);
  });

  it.each([
    [190, 459, owner('checkpoint')],
    [190, 464, owner('checkpoint')],
    [190, 490, owner('checkpoint')],
    [102, 459, owner('checkpoint')],
    [368, undefined, owner('blocked')],
    [368, 1_390_008, owner('blocked')],
    [368, 1_404_006, owner('checkpoint')],
    [368, 1_404_078, owner('checkpoint')],
    [25, 2_207_050, owner('suspended')],
    [4, 2_207_051, owner('blocked')],
  ])('%s with subcode %s requires an action of the owner', (code, subcode, meaning) => {
    expect(classify({ code, error_subcode: subcode })).toMatchObject(meaning);
  });

  it.each([[3], [10], [200], [250], [299]])('%i means that a permission is missing', (code) => {
    expect(classify({ code, error_subcode: 1_234 })).toMatchObject(permission('scope_missing'));
  });

  it('100 with 33 means that the role is lost, and 100 alone means nothing', () => {
    expect(classify({ code: 100, error_subcode: 33 })).toEqual({ ...permission('role_lost'), code: '100/33' });
    expect(classify({ code: 100 })).toBeUndefined();
  });

  it.each([[36_007], [36_008], [36_009]])('100 with %i means that the code cannot be used', (subcode) => {
    expect(classify({ code: 100, error_subcode: subcode })).toMatchObject(permanent('grant_revoked'));
  });

  it.each([[101], [191]])('%i is about the app', (code) => {
    expect(classify({ code })).toMatchObject(misconfigured);
  });

  it.each([[1], [2]])("%i is the platform's own failure", (code) => {
    expect(classify({ code }, { status: 500 })).toMatchObject(unavailable);
    expect(classify({ code, error_subcode: 99 })).toMatchObject(unavailable);
  });

  it.each([[1], [100]])('%i is about the app when the sentence is the one about its secret', (code) => {
    expect(classify({ code, message: 'Error validating client secret.' })).toMatchObject(misconfigured);
    expect(classify({ code, error_subcode: 33, message: 'Error validating client secret' })).toMatchObject(
      misconfigured,
    );
    expect(classify({ code, message: 'Error validating client secret. Or so' })?.class).not.toBe('app');
  });

  it.each([
    [200, 'API access deactivated. To reactivate, go to the app dashboard.'],
    [200, 'API access disrupted. Go to the App Dashboard and complete Data Use Checkup.'],
    [200, 'App Not Setup: This app is still in development mode, and you do not have access to it.'],
    [270, '(#270) This request is not allowed for apps with development access level'],
    [190, 'Invalid platform app'],
    [200, 'API access blocked.'],
    [3, '(#3) Application does not have the capability to make this API call.'],
    [
      200,
      '(#200) Access to this data is temporarily disabled for non-active apps or apps that have not recently accessed this data due to changes we are making to the Facebook Platform.',
    ],
    [
      10,
      '(#10) To use "Page Public Content Access", your use of this endpoint must be reviewed and approved by Facebook.',
    ],
    [190, 'Error validating application. Application has been deleted.'],
    [101, 'Error validating application. Cannot get application info due to a system error.'],
    [200, '(#200) Provide valid app ID'],
    [100, 'Invalid appsecret_proof provided in the API argument'],
    [5, "This IP can't make requests for that application."],
    [9, 'Error validating client secret.'],
  ])('%s is about the app when the sentence names the app: %s', (code, message) => {
    expect(classify({ code, message })).toEqual({ ...misconfigured, code: `${code}` });
    expect(classify({ code, message }, { status: 200 })).toEqual({ ...misconfigured, code: `${code}` });
    expect(classify({ code, message, is_transient: true })).toMatchObject(unavailable);
  });

  it.each([
    [200, '(#200) The user has not authorized the application to perform this action'],
    [10, '(#10) Application does not have permission for this action'],
    [3, 'Error validating access token: The user has not authorized application 1'],
  ])('%s is about a permission of the account where the sentence is not about the app: %s', (code, message) => {
    expect(classify({ code, message })).toMatchObject(permission('scope_missing'));
  });

  it.each([
    [190, 463],
    [190, undefined],
    [200, undefined],
    [10, undefined],
  ])('%s with subcode %s is a checkpoint when the sentence is the one about logging in', (code, subcode) => {
    expect(classify({ code, error_subcode: subcode, message: loginFirst })).toMatchObject(owner('checkpoint'));
    expect(
      classify({ code, error_subcode: subcode, message: `Error validating access token: ${loginFirst}` }),
    ).toMatchObject(owner('checkpoint'));
    expect(classify({ code, error_subcode: subcode, message: `${loginFirst} Or so` })).not.toMatchObject(
      owner('checkpoint'),
    );
  });

  it.each([
    [190, 999],
    [102, 999],
    [102, 999_999],
    [9, undefined],
    [25, undefined],
    [199, undefined],
    [300, undefined],
    [80_015, undefined],
    [79_999, undefined],
    [506, undefined],
    [1_609_005, undefined],
    [12_345, undefined],
  ])('%s with subcode %s is not known, so nothing is made of it', (code, subcode) => {
    expect(classify({ code, error_subcode: subcode })).toBeUndefined();
  });

  it.each([['190'], ['constructor'], [null], [undefined], [{}]])('whose code is %j is not known', (code) => {
    expect(classify({ code })).toBeUndefined();
  });

  it('is temporary where it is marked as transient, whatever else it contains', () => {
    expect(classify({ code: 190, error_subcode: 460, is_transient: true })).toMatchObject(unavailable);
    expect(classify({ code: 12_345, is_transient: true })).toMatchObject(unavailable);
    expect(classify({ code: 4, is_transient: true })).toMatchObject(limited);
    expect(classify({ code: 190, is_transient: 'true' })).toMatchObject(permanent('grant_revoked'));
  });

  it('is identified by its numbers and never by its text', () => {
    expect(classify({ code: 190, error_subcode: 460 })?.code).toBe('190/460');
    expect(classify({ code: 190 })?.code).toBe('190');
    expect(JSON.stringify(classify({ code: 190, message: 'hidden' }))).not.toContain('hidden');
  });

  it('may call its subcode "subcode", as debug_token does', () => {
    expect(classify({ code: 190, subcode: 460 })).toMatchObject(permanent('password_changed'));
  });

  it.each([
    ['no json', undefined],
    ['a text', 'error'],
    ['no error', {}],
    ['a text as the error', { error: 'invalid_grant' }],
    ['a list', [{ error: { code: 190 } }]],
  ])('is none when there is %s', (_what, json) => {
    expect(classifyGraphError({ status: 400, headers: {}, json })).toBeUndefined();
  });
});

describe('a limit of the Graph API', () => {
  const usage = (...minutes: unknown[]): Record<string, string> => ({
    'x-business-use-case-usage': JSON.stringify({
      17841: minutes.map((time) => ({
        type: 'pages',
        call_count: 100,
        total_cputime: 25,
        total_time: 25,
        estimated_time_to_regain_access: time,
      })),
    }),
  });

  it.each([[4], [17], [32], [341], [613], [80_000], [80_001], [80_002], [80_014]])(
    'is %i, and lasts an hour where the answer has no time',
    (code) => {
      expect(classify({ code })).toEqual({ ...limited, code: `${code}` });
      expect(classify({ code, error_subcode: 2_446_079 }, { status: 403 })).toMatchObject(limited);
    },
  );

  it('ends at the time in the header, in minutes, at the latest of its times', () => {
    expect(classify({ code: 80_002 }, { headers: usage(19) })).toMatchObject({ retryAfter: 19 * 60 });
    expect(classify({ code: 80_002 }, { headers: usage(0, 7, 3) })).toMatchObject({ retryAfter: 7 * 60 });
  });

  it.each([
    ['contains zero', usage(0)],
    ['contains words', usage('soon')],
    ['is no JSON', { 'x-business-use-case-usage': '{' }],
    ['has another shape', { 'x-business-use-case-usage': '[1]' }],
  ])('is an hour when the header %s', (_what, headers) => {
    expect(classify({ code: 4 }, { headers })).toMatchObject({ retryAfter: 3_600 });
  });

  it('is never waited for longer than a day', () => {
    expect(classify({ code: 4 }, { headers: usage(1e9) })).toMatchObject({ retryAfter: 86_400 });
  });

  it('a limit of posts per day is waited for a day', () => {
    expect(classify({ code: 9, error_subcode: 2_207_042 })).toMatchObject({ ...limited, retryAfter: 86_400 });
  });
});
