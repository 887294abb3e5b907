import { describe, expect, it } from '@jest/globals';
import { readIdentityAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { pinterest } from './pinterest.provider.js';

const revoked = { class: 'permanent', reason: 'grant_revoked' };
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const permission = { class: 'permission', reason: 'scope_missing' };
const limited = { class: 'temporary', reason: 'rate_limited' };
const unknown = { class: 'temporary', reason: 'provider_unavailable' };

const FAILED = 'Authentication failed.';
const LIMIT =
  'This request exceeded a rate limit. This can happen if the client exceeds one\nof the published rate limits within a short time window.';

/** What the v5 description shows, and what bug reports do. */
const token: [what: string, status: number, body: unknown, means: object][] = [
  ['a wrong or missing secret', 401, { code: 2, message: FAILED }, misconfigured],
  ['a revoked refresh token', 401, { code: 283, message: 'The authorization grant is invalid' }, revoked],
  [
    'an unknown app, under the number of a revoked token',
    401,
    { status: 'failure', code: 283, data: 'Invalid Application ID', message: 'The authorization grant is invalid' },
    misconfigured,
  ],
  [
    'the same with 200',
    200,
    { status: 'failure', code: 283, data: 'Invalid Application ID', message: 'The authorization grant is invalid' },
    misconfigured,
  ],
  [
    'a revoked refresh token, with 200',
    200,
    { status: 'failure', code: 283, message: 'The authorization grant is invalid' },
    revoked,
  ],
  ['a wrong secret, with 200', 200, { code: 2, message: FAILED }, misconfigured],
  [
    'a revoked refresh token, under another status',
    400,
    { code: 283, message: 'The authorization grant is invalid' },
    revoked,
  ],
  ['too many calls', 429, { code: 8, message: LIMIT }, limited],
  [
    'a revoked token while there are too many calls',
    429,
    { code: 283, message: 'The authorization grant is invalid' },
    limited,
  ],
  ['a request that lacks something', 400, { code: 1, message: 'Missing required parameter' }, unknown],
  ['a failure of its own', 500, { code: 283, message: 'Something went wrong on our end.' }, unknown],
];
const api: typeof token = [
  ['a revoked access token', 401, { code: 2, message: FAILED }, revoked],
  ['the same with a status word', 401, { code: 2, message: FAILED, status: 'failure' }, revoked],
  ['a revoked access token, with 200', 200, { code: 2, message: FAILED }, revoked],
  [
    'an app of a kind that may not, under the number of a missing scope',
    401,
    { code: 3, message: 'Your application consumer type is not supported, please contact support.' },
    misconfigured,
  ],
  [
    'a suspended app, under the number of a revoked token',
    401,
    { code: 2, message: FAILED, data: 'Application is suspended' },
    misconfigured,
  ],
  [
    'a missing scope, with the status of a revoked token',
    401,
    { code: 3, message: 'Your token does not have sufficient permissions' },
    permission,
  ],
  ['what the person may not', 403, { code: 29, message: 'You are not permitted to access that resource.' }, permission],
  [
    'an account that may not be read',
    403,
    { code: 403, message: 'Not authorized to access the user account.' },
    permission,
  ],
  [
    'what no app with Trial access may',
    403,
    { code: 29, message: 'Apps with Trial access may not create Pins in production https://api.pinterest.com' },
    misconfigured,
  ],
  ['too many calls', 429, { code: 8, message: LIMIT }, limited],
  ['the number of a revoked token under another status', 404, { code: 2, message: 'AdAccount not found.' }, unknown],
  ['a board that may not be seen', 401, { code: 7, message: 'Not authorized to access board or Pin.' }, unknown],
  ['a number that is a text', 401, { code: '2', message: FAILED }, unknown],
  ['no JSON', 401, 'Unauthorized', unknown],
];

describe('Pinterest refuses', () => {
  it.each(token)('classifies an answer of the token endpoint: %s', (_what, status, body, means) => {
    expect(readTokenAnswer(pinterest, { status, headers: {}, body: Buffer.from(JSON.stringify(body)) })).toMatchObject({
      ok: false,
      failure: means,
    });
  });

  it.each(api)('classifies an answer of the API: %s', (_what, status, body, means) => {
    expect(
      readIdentityAnswer(pinterest, { status, headers: {}, body: Buffer.from(JSON.stringify(body)) }),
    ).toMatchObject({ ok: false, failure: means });
  });

  it('keeps the number of an error, not its text', () => {
    const body = Buffer.from(JSON.stringify({ code: 2, message: FAILED }));
    expect(readIdentityAnswer(pinterest, { status: 401, headers: {}, body })).toEqual({
      ok: false,
      failure: { ...revoked, code: '2' },
    });
  });

  it('reads how long to wait, where the answer states it', () => {
    const answer = {
      status: 429,
      headers: { 'retry-after': '30' },
      body: Buffer.from(JSON.stringify({ code: 8, message: LIMIT })),
    };
    expect(readIdentityAnswer(pinterest, answer)).toMatchObject({ failure: { retryAfter: 30 } });
  });
});
