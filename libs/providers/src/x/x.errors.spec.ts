import { describe, expect, it } from '@jest/globals';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure } from '../contract/outcome.js';
import { readIdentityAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { x } from './x.provider.js';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const atToken = (given: PlatformAnswer): Failure | 'ok' => {
  const outcome = readTokenAnswer(x, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const atApi = (given: PlatformAnswer): Failure | 'ok' => {
  const outcome = readIdentityAnswer(x, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const invalid = (description: string): object => ({ error: 'invalid_request', error_description: description });
const problem = (status: number, title: string, type = 'about:blank', detail = title): object => ({
  title,
  type,
  status,
  detail,
});
const type = (name: string, host = 'api.twitter.com'): string => `https://${host}/2/problems/${name}`;

const revoked = { class: 'permanent', reason: 'grant_revoked' };
const suspended = { class: 'owner', reason: 'suspended' };
const permission = { class: 'permission', reason: 'scope_missing' };
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const paused = { class: 'app', reason: 'app_paused' };
const temporary = { class: 'temporary', reason: 'provider_unavailable' };

describe('the token endpoint of X', () => {
  it.each([
    ['a revoked or spent refresh token', 400, invalid('Value passed for the token was invalid.'), revoked],
    ['the same in the words of the standard', 400, { error: 'invalid_grant' }, revoked],
    ['a code that is bad, used or late', 400, invalid('Value passed for the authorization code was invalid.'), revoked],
    [
      'a verifier that does not fit',
      400,
      invalid('Value passed for the code verifier did not match the code challenge.'),
      revoked,
    ],
    [
      'an unknown client under the code of a revoked token',
      400,
      invalid('Value passed for the client id was invalid.'),
      misconfigured,
    ],
    ['a missing parameter', 400, invalid('Missing required parameter [client_id].'), temporary],
    ['an unknown sentence', 400, invalid('Value passed for the token was invalid. Or so.'), temporary],
    [
      'the sentence under another code',
      400,
      { error: 'oops', error_description: 'Value passed for the token was invalid.' },
      temporary,
    ],
    [
      'a wrong secret',
      401,
      { error: 'unauthorized_client', error_description: 'Missing valid authorization header' },
      misconfigured,
    ],
    ['an unknown client', 401, { error: 'invalid_client' }, misconfigured],
    ['a suspended app', 403, problem(403, 'Forbidden', type('app-suspended')), misconfigured],
    [
      'an app without access',
      403,
      problem(403, 'Client Forbidden', type('client-forbidden', 'api.x.com')),
      misconfigured,
    ],
    [
      'an app that is not enrolled',
      403,
      problem(403, 'Client Not Enrolled', type('client-not-enrolled')),
      misconfigured,
    ],
    ['spent credits', 402, problem(402, 'CreditsDepleted'), paused],
    ['a refusal without a word', 401, '', temporary],
    ['an outage', 503, problem(503, 'Service Unavailable'), temporary],
    ['an outage whose error names the token', 500, invalid('Value passed for the token was invalid.'), temporary],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atToken(answer(status, body))).toMatchObject(meaning);
  });
});

describe('the API of X', () => {
  it.each([
    ['a token that is not good', 401, problem(401, 'Unauthorized'), revoked],
    [
      'the wrong kind of token',
      403,
      problem(403, 'Unsupported Authentication', type('unsupported-authentication')),
      revoked,
    ],
    [
      'a token that is not good, among errors that came with 200',
      200,
      { errors: [problem(401, 'Unauthorized')] },
      revoked,
    ],
    [
      'an app that is not enrolled, among errors that came with 200',
      200,
      { errors: [problem(403, 'Odd'), problem(403, 'Client Forbidden', type('client-not-enrolled'))] },
      misconfigured,
    ],
    [
      'a suspended app, in the words of API v1',
      403,
      { errors: [{ code: 416, message: 'Invalid / suspended application' }] },
      misconfigured,
    ],
    [
      'a subset of the API, in the words of API v1',
      403,
      { errors: [{ code: 453, message: 'You currently have access to a subset of X API V2 endpoints' }] },
      misconfigured,
    ],
    ['a monthly cap', 429, problem(429, 'UsageCapExceeded', type('usage-capped')), paused],
    [
      'a suspended person',
      403,
      problem(403, 'Forbidden', type('user-suspended'), 'The user used for authentication is suspended'),
      suspended,
    ],
    ['the same from another host', 403, problem(403, 'Forbidden', type('user-suspended', 'api.x.com')), suspended],
    ['the same among errors', 403, { errors: [problem(403, 'Forbidden', type('user-suspended'))] }, suspended],
    [
      'a suspended person in the old numbers',
      403,
      { errors: [{ code: 64, message: 'Your account is suspended' }] },
      suspended,
    ],
    ['another old number for it', 403, { errors: [{ code: 63, message: 'User has been suspended.' }] }, suspended],
    [
      'a locked account',
      403,
      { errors: [{ code: 326, message: 'To protect our users…' }] },
      { class: 'owner', reason: 'checkpoint' },
    ],
    ['a missing scope by type', 403, problem(403, 'Forbidden', type('not-authorized-for-resource')), permission],
    [
      'a missing scope by its sentence',
      403,
      problem(403, 'Forbidden', 'about:blank', 'users.read scope required'),
      permission,
    ],
    [
      'no permission',
      403,
      problem(403, 'Forbidden', 'about:blank', 'You are not permitted to perform this action.'),
      permission,
    ],
    ['spent credits', 402, problem(402, 'CreditsDepleted'), paused],
    ['spent credits under 403', 403, problem(403, 'CreditsDepleted'), paused],
    [
      'spent credits in a sentence',
      403,
      problem(403, 'Forbidden', 'about:blank', 'Your account does not have any credits to fulfill this request.'),
      paused,
    ],
    ['a payment due', 402, '', paused],
    ['a monthly cap', 429, problem(429, 'UsageCapExceeded', type('usage-capped')), paused],
    ['a wrong app', 401, { error: 'invalid_client' }, misconfigured],
    ['an app that may not', 403, { error: 'unauthorized_client' }, misconfigured],
    ['an app without access', 403, problem(403, 'Client Forbidden', type('client-forbidden')), misconfigured],
    [
      'an app that is not enrolled',
      403,
      problem(403, 'Client Not Enrolled', type('client-not-enrolled')),
      misconfigured,
    ],
    ['a suspended app', 401, problem(401, 'Unauthorized', type('app-suspended')), misconfigured],
    ['a refusal that is not listed', 403, problem(403, 'Forbidden'), temporary],
    ['a page that is not there', 404, problem(404, 'Not Found', type('resource-not-found')), temporary],
    ['an error with 200', 200, { errors: [problem(404, 'Not Found Error', type('resource-not-found'))] }, temporary],
    ['a code named like a part of every object', 403, problem(403, 'constructor', type('__proto__')), temporary],
    ['an outage', 500, problem(500, 'Internal Server Error'), temporary],
    ['an outage whose error names the token', 502, problem(401, 'Unauthorized'), temporary],
    ['no API at all', 503, '<html>', temporary],
    ['a gateway that gave up', 504, '', temporary],
  ])('classifies an answer with %s', (_what, status, body, meaning) => {
    expect(atApi(answer(status, body))).toMatchObject(meaning);
  });

  it('reads the person even beside partial errors', () => {
    expect(atApi(answer(200, { data: { id: '1' }, errors: [problem(403, 'Forbidden', type('user-suspended'))] }))).toBe(
      'ok',
    );
  });
});

describe('a rate limit at X', () => {
  const inSeconds = (count: number): string => String(Math.floor(Date.now() / 1_000) + count);
  const tooMany = (headers: Record<string, string>): PlatformAnswer =>
    answer(429, problem(429, 'Too Many Requests'), headers);
  const waits = [atToken, atApi];

  it('ends at the time in x-rate-limit-reset', () => {
    for (const read of waits) {
      const failure = read(tooMany({ 'x-rate-limit-reset': inSeconds(300) }));
      expect(failure).toMatchObject({ class: 'temporary', reason: 'rate_limited', code: 'http_429' });
      expect(Math.abs((failure as Failure).retryAfter! - 300)).toBeLessThanOrEqual(2);
    }
  });

  it.each([
    ['sends no header', {}, 900],
    ['sends nonsense', { 'x-rate-limit-reset': 'soon' }, 900],
    ['sends the time of tomorrow', { 'x-rate-limit-reset': inSeconds(86_400) }, 900],
    ['sends a time that is past', { 'x-rate-limit-reset': inSeconds(-60) }, 1],
    ['requests more by Retry-After', { 'retry-after': '1800' }, 1800],
    ['requests less by Retry-After', { 'retry-after': '3' }, 3],
  ])('is waited for where the platform %s', (_what, headers, seconds) => {
    for (const read of waits)
      expect(read(tooMany(headers))).toMatchObject({ reason: 'rate_limited', retryAfter: seconds });
  });
});
