import { describe, expect, it } from '@jest/globals';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure } from '../contract/outcome.js';
import { readIdentityAnswer, readProbeAnswer, readProfilesAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { facebook } from './facebook.provider.js';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
type Outcome = { ok: true } | { ok: false; failure: Failure };
const failureIn = (outcome: Outcome): Failure | 'ok' => (outcome.ok ? 'ok' : outcome.failure);
const atToken = (given: PlatformAnswer): Failure | 'ok' => failureIn(readTokenAnswer(facebook, given));
const atApi = (given: PlatformAnswer): Failure | 'ok' => failureIn(readIdentityAnswer(facebook, given));
const atPages = (given: PlatformAnswer): Failure | 'ok' => failureIn(readProfilesAnswer(facebook, given));
const atProbe = (given: PlatformAnswer): Failure | 'ok' => failureIn(readProbeAnswer(facebook, given));

const error = (code: number, subcode?: number, message = 'A sentence.', more: object = {}): object => ({
  error: {
    message,
    type: 'OAuthException',
    code,
    ...(subcode !== undefined && { error_subcode: subcode }),
    fbtrace_id: 'A1',
    ...more,
  },
});
const permanent = (reason = 'grant_revoked'): object => ({ class: 'permanent', reason });
const owner = (reason: string): object => ({ class: 'owner', reason });
const permission = (reason: string): object => ({ class: 'permission', reason });
const limited = { class: 'temporary', reason: 'rate_limited' };
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const temporary = { class: 'temporary', reason: 'provider_unavailable' };

describe('the token endpoint of Facebook', () => {
  it.each([
    ['a code that was used', 400, error(100, 36_009, 'This authorization code has been used.'), permanent()],
    ['a code that is too old', 400, error(100, 36_007, 'This authorization code has expired.'), permanent()],
    ['another redirect URI', 400, error(100, 36_008, 'Error validating verification code.'), permanent()],
    [
      'a wrong secret, under the number of a temporary failure',
      400,
      error(1, undefined, 'Error validating client secret.'),
      misconfigured,
    ],
    [
      'the same with the subcode that was seen once',
      400,
      error(1, 33, 'Error validating client secret.'),
      misconfigured,
    ],
    ['a temporary failure', 400, error(1, undefined, 'An unknown error occurred'), temporary],
    ['another', 500, error(2, undefined, 'Service temporarily unavailable', { is_transient: true }), temporary],
    ['an app that does not exist', 400, error(101, undefined, 'Error validating application.'), misconfigured],
    ['a redirect URI that the app may not use', 400, error(191), misconfigured],
    ['a token that has ended', 400, error(190, 463), permanent('grant_expired')],
    ['a password that was changed', 400, error(190, 460), permanent('password_changed')],
    ['a person who removed the app', 400, error(190, 458), permanent()],
    ['a person who has to confirm something', 400, error(190, 459), owner('checkpoint')],
    ['a person who is blocked', 400, error(368), owner('blocked')],
    ['a code that no table lists', 400, error(100), temporary],
    ['an outage whose error names the token', 503, error(190), temporary],
    ['nothing that can be read', 400, '<html>', temporary],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atToken(answer(status, body))).toMatchObject(meaning);
  });
});

describe('the API of Facebook', () => {
  it.each([
    ['a revoked token with 400', 400, error(190), permanent()],
    ['a revoked token with 401', 401, error(190, 467), permanent()],
    ['a session that is over, without a subcode', 400, error(102), permanent()],
    ['a lost role', 400, error(190, 492), permanent('role_lost')],
    ['a missing permission', 403, error(10), permission('scope_missing')],
    ['another', 403, error(200), permission('scope_missing')],
    ['another', 400, error(299), permission('scope_missing')],
    ['a capability that the app lacks', 400, error(3), permission('scope_missing')],
    ['a Page that is gone or out of reach', 400, error(100, 33), permission('role_lost')],
    ["the app's limit", 400, error(4), limited],
    ["the person's limit", 400, error(17), limited],
    ["a Page's limit", 403, error(32), limited],
    ['another limit', 400, error(613), limited],
    ['the limit of all Pages', 400, error(80_001), limited],
    ['a post that was there already, which is no word on health', 400, error(506), temporary],
    ['a link that is refused, which is none either', 400, error(1_609_005), temporary],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atApi(answer(status, body))).toMatchObject(meaning);
    expect(atPages(answer(status, body))).toMatchObject(meaning);
  });

  it('reads in minutes when a limit ends', () => {
    const headers = {
      'x-business-use-case-usage': '{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}',
    };
    expect(atPages(answer(400, error(80_001), headers))).toMatchObject({ ...limited, retryAfter: 19 * 60 });
    expect(atPages(answer(400, error(4)))).toMatchObject({ ...limited, retryAfter: 3_600 });
  });
});

describe('an inspection at Facebook', () => {
  const found = (inside: object | undefined): object => ({
    data: { app_id: '1', is_valid: false, scopes: [], ...(inside && { error: inside }) },
  });

  it.each([
    ['a changed password', { code: 190, message: 'A sentence.', subcode: 460 }, permanent('password_changed')],
    ['a token that has ended', { code: 190, message: 'A sentence.', subcode: 463 }, permanent('grant_expired')],
    ['a lost role', { code: 190, message: 'A sentence.', subcode: 492 }, permanent('role_lost')],
    ['a checkpoint', { code: 190, message: 'A sentence.', subcode: 459 }, owner('checkpoint')],
    [
      'a token that was never issued',
      { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' },
      permanent(),
    ],
    ['no reason', undefined, permanent()],
    ['a temporary failure', { code: 2, message: 'A sentence.' }, temporary],
    ['a reason that no table lists', { code: 4_711, message: 'A sentence.' }, temporary],
  ])('finds %s inside an answer with status 200', (_what, inside, meaning) => {
    expect(atProbe(answer(200, found(inside)))).toMatchObject(meaning);
  });

  it.each([
    [
      'a wrong secret, in the words of a revoked token',
      400,
      error(190, undefined, 'Invalid OAuth access token signature.'),
      misconfigured,
    ],
    ['an app that does not exist', 400, error(101), misconfigured],
    ['an app without the permission for the call', 400, error(10), misconfigured],
    ['a limit', 400, error(4), limited],
    [
      'a token of another app',
      400,
      error(100, undefined, '(#100) The App_id in the input_token did not match the Viewing App'),
      temporary,
    ],
    ['an outage', 502, '', temporary],
  ])('that is refused changes no account: %s', (_what, status, body, meaning) => {
    expect(atProbe(answer(status, body))).toMatchObject(meaning);
  });
});
