import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PlatformAnswer } from '../contract/http.js';
import type { ProbeReading } from '../contract/outcome.js';
import { readIdentityAnswer, readProbeAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { linkedin } from './linkedin.provider.js';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
type Read = (given: PlatformAnswer) => unknown;
const atToken: Read = (given) => {
  const outcome = readTokenAnswer(linkedin, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const atApi: Read = (given) => {
  const outcome = readIdentityAnswer(linkedin, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const atProbe = (given: PlatformAnswer): ProbeReading => readProbeAnswer(linkedin, given);

const error = (code: string, description: string): object => ({ error: code, error_description: description });
const problem = (status: number, serviceErrorCode: number, code: string, message = 'A sentence.'): object => ({
  status,
  serviceErrorCode,
  code,
  message,
});
const numbered = (status: number, serviceErrorCode: number, message = 'A sentence.'): object => ({
  serviceErrorCode,
  message,
  status,
});

const revoked = { class: 'permanent', reason: 'grant_revoked' };
const expired = { class: 'permanent', reason: 'grant_expired' };
const permission = { class: 'permission', reason: 'scope_missing' };
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const temporary = { class: 'temporary', reason: 'provider_unavailable' };

const REVOKED_TOKEN = 'The provided authorization grant or refresh token is invalid, expired or revoked';
const NO_CODE = 'Unable to retrieve access token: authorization code not found';
const WRONG_CODE =
  'Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code.' +
  ' Or authorization code expired. Or external member binding exists';

describe('the token endpoint of LinkedIn', () => {
  it.each([
    ['a revoked refresh token', 400, error('invalid_request', REVOKED_TOKEN), revoked],
    ["the same under the standard's word", 400, error('invalid_grant', REVOKED_TOKEN), revoked],
    ['the same with a full stop', 400, error('invalid_request', `${REVOKED_TOKEN}.`), revoked],
    ['the same in other words', 400, error('invalid_grant', 'Token has been expired or revoked.'), revoked],
    ['a code that was never issued', 401, error('invalid_request', NO_CODE), revoked],
    ["a code that is used, late or another redirect URI's", 400, error('invalid_redirect_uri', WRONG_CODE), revoked],
    ['the same under the word seen in the wild', 400, error('invalid_request', WRONG_CODE), revoked],
    [
      'an unknown client under the code of a revoked token',
      400,
      error('invalid_request', 'The passed in client_id is invalid "abc"'),
      { class: 'app', reason: 'app_misconfigured' },
    ],
    [
      'an unknown client',
      401,
      error('invalid_client_id', 'Client authentication failed'),
      { class: 'app', reason: 'app_misconfigured' },
    ],
    ['a missing parameter', 400, error('invalid_request', 'A required parameter "client_id" is missing'), temporary],
    [
      'a refresh without a token',
      400,
      error('invalid_request', 'A required parameter "refresh_token" is missing'),
      temporary,
    ],
    ['an unknown sentence', 400, error('invalid_request', `${REVOKED_TOKEN} or so`), temporary],
    ['the sentence under another word', 400, error('oops', REVOKED_TOKEN), temporary],
    ['a wrong secret, or a verifier', 401, error('invalid_client', 'Client authentication failed'), misconfigured],
    ['an app that may not', 401, error('unauthorized_client', 'No.'), misconfigured],
    ['a refusal without a word', 401, '', temporary],
    ['a word that is a part of every object', 400, error('constructor', '__proto__'), temporary],
    [
      "the API's word for a revoked token, which is not its own",
      401,
      problem(401, 65601, 'REVOKED_ACCESS_TOKEN'),
      temporary,
    ],
    ['an outage', 503, '<html>', temporary],
    ['an outage whose error names the token', 500, error('invalid_request', REVOKED_TOKEN), temporary],
    [
      'a quota whose error names the token',
      429,
      error('invalid_request', REVOKED_TOKEN),
      { class: 'temporary', reason: 'rate_limited' },
    ],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atToken(answer(status, body))).toMatchObject(meaning);
  });
});

describe('the API of LinkedIn', () => {
  const partner = 'Not enough permissions to access: partnerApiSocialActions.CREATE.20260901';
  it.each([
    ['a token that is none', 401, problem(401, 65600, 'INVALID_ACCESS_TOKEN', 'Invalid access token'), revoked],
    ['a revoked token', 401, problem(401, 65601, 'REVOKED_ACCESS_TOKEN'), revoked],
    ['an expired token', 401, problem(401, 65602, 'EXPIRED_ACCESS_TOKEN'), expired],
    ['an expired token under another number', 401, problem(401, 65600, 'EXPIRED_ACCESS_TOKEN'), expired],
    ['a token that is none, by number alone', 401, numbered(401, 65600, 'Invalid access token'), revoked],
    ['a revoked token by number alone, with 200', 200, numbered(401, 65601), revoked],
    [
      'a suspended app, under the number of a missing scope',
      403,
      problem(403, 100, 'ACCESS_DENIED', 'The application is suspended'),
      misconfigured,
    ],
    ['a revoked token by number alone', 401, numbered(401, 65601), revoked],
    ['an expired token by number alone', 401, numbered(401, 65602), expired],
    ['the number for something else', 422, numbered(422, 65600), temporary],
    ['the number beside a code of tomorrow', 401, problem(401, 65601, 'SOMETHING_NEW'), temporary],
    ['no token at all', 401, { message: 'Empty oauth2_access_token', serviceErrorCode: 401, status: 401 }, temporary],
    [
      'a missing scope',
      403,
      problem(403, 100, 'ACCESS_DENIED', 'Not enough permissions to access: userinfo.GET.NO_VERSION'),
      permission,
    ],
    [
      'a lost Page role',
      403,
      problem(403, 100, 'ACCESS_DENIED', 'Insufficient permissions to perform the requested action'),
      permission,
    ],
    [
      'a missing scope by number alone',
      403,
      numbered(403, 100, 'Not enough permissions to access: GET /me'),
      permission,
    ],
    ['a product that the app was not given', 403, problem(403, 100, 'ACCESS_DENIED', partner), misconfigured],
    [
      'a version that is over',
      426,
      problem(426, 0, 'NONEXISTENT_VERSION', 'Requested version 20250101 is not active'),
      misconfigured,
    ],
    ['a wrong secret', 401, error('invalid_client', 'Client authentication failed'), misconfigured],
    ['an app that may not', 403, error('unauthorized_client', 'No.'), misconfigured],
    ['a refusal that is not listed', 403, problem(403, 7, 'FORBIDDEN'), temporary],
    ['a code that is a part of every object', 401, problem(401, 1, 'constructor'), temporary],
    ['another', 401, problem(401, 1, '__proto__'), temporary],
    ['nothing', 401, '', temporary],
    ['an outage', 500, problem(500, 0, 'INTERNAL_SERVER_ERROR'), temporary],
    ['an outage whose error names the token', 502, problem(401, 65601, 'REVOKED_ACCESS_TOKEN'), temporary],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atApi(answer(status, body))).toMatchObject(meaning);
  });

  it("shows people the platform's own code", () => {
    expect(atApi(answer(401, numbered(401, 65601)))).toMatchObject({ code: 'REVOKED_ACCESS_TOKEN' });
    expect(atToken(answer(400, error('invalid_request', REVOKED_TOKEN)))).toMatchObject({ code: 'invalid_request' });
  });
});

describe('introspection at LinkedIn', () => {
  const token = {
    client_id: '77abc',
    authorized_at: 1_493_055_596,
    created_at: 1_493_055_596,
    expires_at: 1_497_497_620,
    auth_type: '3L',
  };

  it('names the granted scopes of a token that is active, whichever way they are parted', () => {
    for (const scope of ['openid,profile,w_member_social', 'openid profile w_member_social']) {
      const reading = atProbe(answer(200, { ...token, active: true, status: 'active', scope }));
      expect(reading).toEqual({ ok: true, scopes: ['openid', 'profile', 'w_member_social'] });
    }
    expect(atProbe(answer(200, { active: true }))).toEqual({ ok: true });
  });

  it.each([
    ['revoked', { active: false, status: 'revoked' }, { ...revoked, code: 'introspection_revoked' }],
    ['expired', { active: false, status: 'expired' }, { ...expired, code: 'introspection_expired' }],
    ["another app's, which is no word on the grant", { active: false }, temporary],
    ['something of tomorrow', { active: false, status: 'resting' }, temporary],
    ['a part of every object', { active: false, status: 'constructor' }, temporary],
    ['unreadable', { active: 'no' }, temporary],
  ])('reports under 200 a token that is %s', (_what, body, meaning) => {
    expect(atProbe(answer(200, { ...token, ...body }))).toMatchObject({ ok: false, failure: meaning });
  });

  it.each([
    ['a wrong secret', 401, error('invalid_client', 'Client authentication failed'), misconfigured],
    ['a token that it never gave', 400, error('invalid_request', 'Invalid token'), temporary],
    ['an outage, whatever its body', 503, { active: false, status: 'revoked' }, temporary],
  ])('refuses the request for %s', (_what, status, body, meaning) => {
    expect(atProbe(answer(status, body))).toMatchObject({ ok: false, failure: meaning });
  });
});

describe('a rate limit at LinkedIn', () => {
  const NOON = new Date('2026-11-22T12:00:00.400Z');
  const throttle = (whose: string): object =>
    problem(
      429,
      101,
      'TOO_MANY_REQUESTS',
      `Resource level throttle ${whose} limit for calls to this resource is reached.`,
    );
  const both = [atToken, atApi];

  beforeEach(() => {
    jest.useFakeTimers({ now: NOON });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('a daily limit is waited for until 00:00 UTC', () => {
    for (const whose of ['APPLICATION_AND_MEMBER DAY', 'MEMBER DAY']) {
      for (const read of both) {
        const meaning = {
          class: 'temporary',
          reason: 'rate_limited',
          code: 'TOO_MANY_REQUESTS',
          retryAfter: 12 * 3_600,
        };
        expect(read(answer(429, throttle(whose)))).toEqual(meaning);
      }
    }
    jest.setSystemTime(new Date('2026-11-22T23:59:59.900Z'));
    expect(atApi(answer(429, throttle('MEMBER DAY')))).toMatchObject({ retryAfter: 1 });
    jest.setSystemTime(new Date('2026-11-23T00:00:00.000Z'));
    expect(atApi(answer(429, throttle('MEMBER DAY')))).toMatchObject({ retryAfter: 24 * 3_600 });
  });

  it('a limit of the whole app pauses the app and no account', () => {
    for (const read of both) {
      expect(read(answer(429, throttle('APPLICATION DAY')))).toMatchObject({
        class: 'app',
        reason: 'app_paused',
        retryAfter: 12 * 3_600,
      });
    }
  });

  it('is recognized by its number too, and waited for as long as Retry-After requests', () => {
    const plain = numbered(429, 101, 'Resource level throttle limit for calls to this resource is reached.');
    for (const read of both) {
      expect(read(answer(429, plain))).toEqual({
        class: 'temporary',
        reason: 'rate_limited',
        code: 'TOO_MANY_REQUESTS',
      });
      expect(read(answer(429, plain, { 'retry-after': '90' }))).toMatchObject({ retryAfter: 90 });
      expect(read(answer(429, ''))).toMatchObject({ class: 'temporary', reason: 'rate_limited' });
    }
  });
});
