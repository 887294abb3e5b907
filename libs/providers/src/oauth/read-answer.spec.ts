import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure } from '../contract/outcome.js';
import type { Provider, ReadAnswer } from '../contract/provider.js';
import { providerOf, PROVIDER_NAMES } from '../registry.js';
import { readIdentityAnswer, readRevocationAnswer, readTokenAnswer } from './read-answer.js';

const OWN: Failure = { class: 'permanent', reason: 'of_its_own', code: 'own_word', retryAfter: 60 };
const own = ({ json }: ReadAnswer): Failure | undefined =>
  JSON.stringify(json ?? null).includes('own_word') ? OWN : undefined;
/** Any platform, with a table of its own that has one word. */
const provider: Provider = { ...providerOf(PROVIDER_NAMES[0]), classify: { token: own, api: own } };

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const refused = (given: PlatformAnswer): Failure => {
  const outcome = readTokenAnswer(provider, given);
  if (outcome.ok) throw new Error('taken for a success');
  return outcome.failure;
};
const error = (code: string): object => ({ error: code, error_description: 'a message' });

describe('the answer of a token endpoint', () => {
  it('is a success when it holds an access token', () => {
    const outcome = readTokenAnswer(provider, answer(200, { access_token: 'a', refresh_token: 'r', expires_in: 7200 }));
    expect(outcome).toMatchObject({ ok: true, tokens: { expiresIn: 7200 } });
    expect(outcome.ok && [outcome.tokens.accessToken.reveal(), outcome.tokens.refreshToken?.reveal()]).toEqual([
      'a',
      'r',
    ]);
  });

  it.each([
    ['invalid_grant', 'permanent', 'grant_revoked'],
    ['invalid_client', 'app', 'app_misconfigured'],
    ['unauthorized_client', 'app', 'app_misconfigured'],
  ])('an answer with %s has the meaning of RFC 6749 5.2, whatever its status', (code, meaning, reason) => {
    for (const status of [200, 302, 400, 401, 403]) {
      expect(refused(answer(status, error(code)))).toEqual({ class: meaning, reason, code });
    }
  });

  it.each([
    'invalid_request',
    'invalid_scope',
    'unsupported_grant_type',
    'something_new',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '',
  ])('an answer with the unknown code "%s" is temporary', (code) => {
    const body = `{"error":${JSON.stringify(code)}}`;
    expect(refused(answer(400, body))).toEqual({
      class: 'temporary',
      reason: 'provider_unavailable',
      code: code || 'http_400',
    });
  });

  it.each([
    ['an HTML page', 403, '<html>Blocked</html>'],
    ['an empty body', 400, ''],
    ['half a JSON', 400, '{"error":"invalid_gr'],
  ])('that is %s is temporary and unreadable', (_what, status, body) => {
    expect(refused(answer(status, body))).toEqual({
      class: 'temporary',
      reason: 'provider_unavailable',
      code: 'unreadable',
    });
  });

  it.each([
    ['a bare text', 400, '"invalid_grant"'],
    ['null', 400, 'null'],
    ['a not found', 404, { message: 'no such page' }],
  ])('an answer with %s is temporary', (_what, status, body) => {
    expect(refused(answer(status, body))).toEqual({
      class: 'temporary',
      reason: 'provider_unavailable',
      code: `http_${status}`,
    });
  });

  it.each([
    ['an error that is an object', { error: { code: 'invalid_grant' } }, 'invalid_grant'],
    ['an error that is a number', { error: 190 }, '190'],
    [
      'a code with a subcode',
      { error: { message: 'No', type: 'OAuthException', code: 100, error_subcode: 36_010 } },
      '100/36010',
    ],
    ['the first of several errors', { errors: [{ title: 'Odd', status: 400 }] }, 'Odd'],
    [
      'a type and a number that repeats the status',
      { error_type: 'OAuthException', code: 400, error_message: 'No' },
      'OAuthException',
    ],
    ['another word in its message', { error: 'oops', error_description: 'invalid_grant invalid_client' }, 'oops'],
    ['a word with control characters', { error: 'bad\u0000 \nword' }, 'badword'],
    ['a word without an end', { error: 'x'.repeat(10_000) }, 'x'.repeat(100)],
  ])('an answer with %s is an unlisted refusal, identified by its code', (_what, body, code) => {
    const failure = { class: 'temporary', reason: 'provider_unavailable', code };
    for (const status of [200, 400, 403])
      expect(readTokenAnswer(provider, answer(status, body))).toEqual({ ok: false, failure, unlisted: 'words' });
  });

  it.each([408, 425, 429, 500, 502, 301])('an answer with status %i is no refusal, whatever its body', (status) => {
    expect(readTokenAnswer(provider, answer(status, error('something_new')))).not.toHaveProperty('unlisted');
  });

  it.each([
    ['a page of a proxy', '<html>Blocked</html>', 'page'],
    ['a page without a type', '\n <!doctype html><title>Blocked</title>', 'page'],
    ['an error in XML', '<?xml version="1.0"?><error>gone</error>', 'page'],
    ['nothing', '', 'status'],
    ['a bare text', 'bad_refresh_token', 'status'],
    ['a text in quotes', '"bad_refresh_token"', 'status'],
    ['half a refusal', '{"error":"bad', 'status'],
  ])('a refusal with %s is identified by its status alone', (_what, body, unlisted) => {
    for (const status of [400, 401, 403])
      expect(readTokenAnswer(provider, answer(status, body))).toMatchObject({
        ...{ ok: false, outcomeUnknown: 'failure', unlisted },
      });
  });

  it.each([
    { ok: false },
    { success: false, message: 'The token is gone.' },
    { status: 'error', message: 'The token is gone.' },
    { status: 'fail' },
    { result: 'failed', reason: 'x' },
    { errors: ['gone'] },
    { error_description: 'gone' },
    { errorMessage: 'gone' },
  ])('a success by its status that denies itself, %j, is an unlisted refusal', (body) => {
    expect(readTokenAnswer(provider, answer(200, body))).toMatchObject({ ok: false, unlisted: 'words' });
  });

  it.each([{ ok: true }, { success: true }, { status: 'ok' }, { message: 'Welcome' }, { result: 7 }])(
    'a success by its status that denies nothing, %j, is no refusal',
    (body) => {
      expect(readTokenAnswer(provider, answer(200, body))).toMatchObject({ ok: false, outcomeUnknown: 'success' });
    },
  );

  it.each(['temporarily_unavailable', 'server_error', 'slow_down'])(
    'an answer with %s is listed: it passes',
    (word) => {
      expect(readTokenAnswer(provider, answer(400, error(word)))).not.toHaveProperty('unlisted');
    },
  );

  it.each(['incorrect_client_credentials', 'invalid_client_id', 'application_suspended'])(
    'an answer with %s refuses the app',
    (word) => {
      expect(refused(answer(200, error(word)))).toEqual({ class: 'app', reason: 'app_misconfigured', code: word });
    },
  );

  it.each([
    ['nothing', ''],
    ['an HTML page', '<html>Welcome</html>'],
    ['half a JSON', '{"access_token":"a'],
    ['half a form, as far as that can be seen', '"access_token=a'],
    ['no tokens', {}],
    ['an empty access token', { access_token: '' }],
    ['an access token that is no text', { access_token: { of: 1 } }],
    ['an access token with a line break', { access_token: 'a\r\nx-injected: 1' }],
    ['an access token with a space', { access_token: 'a b' }],
    ['an access token of 17 kB', { access_token: 'a'.repeat(17_000) }],
    ['an access token beside a refresh token that cannot be sent', { access_token: 'a', refresh_token: 'r\n' }],
    ['an access token beside an unlisted code', { access_token: 'ä', code: 7 }],
    ['a form that has the token twice', 'access_token=a&access_token=b'],
    ['a list', [{ access_token: 'a' }]],
  ])('that is a success by its status and holds %s leaves it unknown what became of what was sent', (_what, body) => {
    expect(readTokenAnswer(provider, answer(200, body))).toEqual({
      ok: false,
      outcomeUnknown: 'success',
      failure: { class: 'temporary', reason: 'provider_unavailable', code: 'unreadable' },
    });
  });

  it.each([
    ['in a word of tomorrow', 200, error('something_new')],
    ['with a number', 200, { code: 7, message: 'no' }],
    ['as a form', 200, 'error=bad_refresh_token&error_description=gone'],
    ['in a listed word', 200, error('invalid_grant')],
    ['in a word of tomorrow, by its status', 403, error('something_new')],
    ['in a listed word that passes', 400, error('temporarily_unavailable')],
    ['in a listed word, with a redirect', 302, error('invalid_grant')],
    ['by a limit', 429, ''],
    ['because it waited too long for the request', 408, '<html>'],
    ['because it is too early', 425, error('something_new')],
  ])('that refuses %s is a refusal, not an unknown outcome', (_how, status, body) => {
    expect(readTokenAnswer(provider, answer(status, body))).not.toHaveProperty('outcomeUnknown');
  });

  it.each([
    ['a failing platform', 500, error('invalid_grant')],
    ['a failing gateway', 502, '<html>'],
    ['a platform that is down', 503, error('invalid_client')],
    ['a gateway that waited too long', 504, ''],
    ['a platform that has no such method', 501, error('something_new')],
    ['a redirect', 302, ''],
    ['a redirect with a page', 307, '<html>'],
    ['a page in place of a refusal', 403, '<html>Blocked</html>'],
    ['half a refusal', 400, '{"error":"invalid_gr'],
    ['a refusal without a body', 401, ''],
    ['a refusal that is a bare text', 400, '"invalid_grant"'],
  ])('that is of %s leaves it unknown what became of what was sent', (_what, status, body) => {
    expect(readTokenAnswer(provider, answer(status, body))).toMatchObject({ ok: false, outcomeUnknown: 'failure' });
  });

  it('that redirects keeps the time to wait that it names', () => {
    expect(refused(answer(503, '', { 'retry-after': '90' })).retryAfter).toBe(90);
    expect(refused(answer(302, '', { 'retry-after': '90' })).retryAfter).toBe(90);
  });

  it.each([500, 502, 503, 504, 520])('an answer with status %i is temporary, whatever its body contains', (status) => {
    for (const body of [error('invalid_grant'), error('invalid_client'), error('own_word'), '<html>', '']) {
      expect(refused(answer(status, body))).toEqual({
        class: 'temporary',
        reason: 'provider_unavailable',
        code: `http_${status}`,
      });
    }
  });

  it('is a success when it holds an access token beside an error: the token was issued', () => {
    expect(readTokenAnswer(provider, answer(200, { access_token: 'a', ...error('invalid_grant') }))).toMatchObject({
      ok: true,
    });
  });

  it('an answer with status 500 is no success, even with an access token in it', () => {
    expect(refused(answer(500, { access_token: 'a' }))).toMatchObject({ class: 'temporary' });
  });

  it.each([408, 425, 429])(
    'an answer with status %i never concerns the grant: the platform did not check it',
    (status) => {
      for (const body of [error('invalid_grant'), error('own_word')]) {
        expect(refused(answer(status, body))).toMatchObject({ class: 'temporary', code: `http_${status}` });
      }
    },
  );

  it('an answer with status 429 is a rate limit', () => {
    expect(refused(answer(429, ''))).toEqual({ class: 'temporary', reason: 'rate_limited', code: 'http_429' });
  });

  it("is read by the platform's own table before the standard's", () => {
    expect(refused(answer(400, { error: 'invalid_client', hint: 'own_word' }))).toEqual(OWN);
  });

  it.each([429, 503, 400])('an answer with status %i carries the wait that Retry-After requests', (status) => {
    const later = new Date(Date.now() + 90_000).toUTCString();
    expect(refused(answer(status, '', { 'retry-after': '90' })).retryAfter).toBe(90);
    expect(Math.abs((refused(answer(status, '', { 'retry-after': later })).retryAfter ?? 0) - 90)).toBeLessThanOrEqual(
      2,
    );
    expect(refused(answer(status, '', { 'retry-after': 'soon' }))).not.toHaveProperty('retryAfter');
  });

  it('waits as long as the header requests where the table has a shorter wait, and the other way round', () => {
    expect(refused(answer(400, error('own_word'), { 'retry-after': '300' })).retryAfter).toBe(300);
    expect(refused(answer(400, error('own_word'), { 'retry-after': '5' })).retryAfter).toBe(60);
  });

  it('waits until the window of a limit ends, by the headers that platforms have for it, unless Retry-After requests more', () => {
    const inTwoMinutes = `${Math.ceil(Date.now() / 1_000) + 120}`;
    for (const name of ['x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset']) {
      expect(Math.abs((refused(answer(429, '', { [name]: inTwoMinutes })).retryAfter ?? 0) - 120)).toBeLessThanOrEqual(
        2,
      );
      expect(refused(answer(429, '', { [name]: 'soon' }))).not.toHaveProperty('retryAfter');
    }
    expect(refused(answer(429, '', { 'ratelimit-reset': '30', 'retry-after': '7' })).retryAfter).toBe(7);
    expect(refused(answer(400, '', { 'ratelimit-reset': '30' }))).not.toHaveProperty('retryAfter');
  });

  it('can be anything at all: it is read without an exception, and decides no more than a known word allows', () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.string().map((code) => JSON.stringify({ error: code })),
    );
    const known = /"(invalid_grant|invalid_client|unauthorized_client|access_token)"|own_word/;
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, (status, text) => {
        fc.pre(!known.test(text));
        expect(refused(answer(status, text)).class).toBe('temporary');
      }),
    );
  });

  it('leaves none of its text in the failure', () => {
    const failure = refused(
      answer(400, { error: 'a_code', error_description: 'secret-like-text', token: 'secret-like-text' }),
    );
    expect(JSON.stringify(failure)).not.toContain('secret-like-text');
  });
});

describe('the answer of an identity call', () => {
  const identityOf = (given: PlatformAnswer): unknown => {
    const outcome = readIdentityAnswer(provider, given);
    return outcome.ok ? outcome.identity : outcome.failure;
  };

  it.each([
    ['an unknown refusal', 403, { title: 'Forbidden' }, 'http_403'],
    ["a standard word, which is the token endpoint's", 400, error('invalid_grant'), 'http_400'],
    ['HTML', 200, '<html>', 'unreadable'],
    ['a person without an id', 200, { data: { user: {} } }, 'http_200'],
    ['a failing platform', 502, error('own_word'), 'http_502'],
  ])('that is %s is temporary', (_what, status, body, code) => {
    expect(identityOf(answer(status, body))).toEqual({ class: 'temporary', reason: 'provider_unavailable', code });
  });

  const PERSON = '{"data":{"id":"1","user":{"open_id":"1"}}}';
  const withError = (beside: object): object => ({ ...(JSON.parse(PERSON) as object), ...beside });

  it.each([
    ['a word', { error: 'access_denied' }],
    ['a code', { error: { code: 190, message: 'x' } }],
    ['a code as a word', { error: { code: 'internal_error' } }],
    ['a message alone', { error: { message: 'x' } }],
    ['true', { error: true }],
    ['a number', { error: 17 }],
  ])('that holds an error beside the person is a refusal, where the error is %s', (_what, beside) => {
    expect(identityOf(answer(200, PERSON))).toMatchObject({ platformUserId: '1' });
    expect(identityOf(answer(200, withError(beside)))).toMatchObject({ class: 'temporary' });
    expect(identityOf(answer(200, withError({ ...beside, own: 'own_word' })))).toEqual(OWN);
  });

  it.each([
    ['ok', { error: { code: 'ok', message: '' } }],
    ['OK in capital letters', { error: { code: 'OK' } }],
    ['zero', { error: { code: 0, message: 'success' } }],
    ['zero as a text', { error: { code: '0' } }],
    ['null', { error: null }],
    ['false', { error: false }],
    ['an empty text', { error: '' }],
    ['the number zero', { error: 0 }],
    ['an object without members', { error: {} }],
  ])('is the person where its error member means no error: %s', (_what, beside) => {
    expect(identityOf(answer(200, withError(beside)))).toMatchObject({ platformUserId: '1' });
  });

  it("is read by the platform's own table", () => {
    expect(identityOf(answer(401, { problem: 'own_word' }))).toEqual(OWN);
  });
});

describe('the answer of a revocation endpoint', () => {
  it.each([
    [200, ''],
    [200, '<html>'],
    [204, ''],
    [200, { revoked: true }],
  ])('is a success with status %i and the body %j', (status, body) => {
    expect(readRevocationAnswer(provider, answer(status, body))).toBeUndefined();
  });

  it.each([
    [200, error('invalid_client'), 'app'],
    [200, error('own_word'), 'permanent'],
    [400, error('anything'), 'permanent'],
    [404, 'nope', 'temporary'],
    [403, '<html>Blocked</html>', 'temporary'],
    [401, '', 'temporary'],
    [400, error('temporarily_unavailable'), 'temporary'],
    [302, '', 'temporary'],
    [200, { success: false }, 'temporary'],
    [200, { revoked: false }, 'temporary'],
    [429, '', 'temporary'],
    [408, '', 'temporary'],
    [503, error('invalid_client'), 'temporary'],
  ])('an answer with status %i and the body %j is a failure of the class %s', (status, body, of) => {
    expect(readRevocationAnswer(provider, answer(status, body))?.class).toBe(of);
  });

  it('is no success where it is a page, which something in between answers', () => {
    const page = {
      ...answer(200, '<html>Maintenance</html>'),
      headers: { 'content-type': 'Text/HTML; charset=utf-8' },
    };
    expect(readRevocationAnswer(provider, page)?.class).toBe('temporary');
    expect(readRevocationAnswer(provider, { ...page, body: Buffer.from('') })).toBeUndefined();
  });
});
