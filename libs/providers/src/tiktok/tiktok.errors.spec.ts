import { describe, expect, it } from '@jest/globals';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure } from '../contract/outcome.js';
import { readIdentityAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { tiktok } from './tiktok.provider.js';

const answer = (status: number, body: unknown): PlatformAnswer => ({
  status,
  headers: {},
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const atToken = (given: PlatformAnswer): Failure | 'ok' => {
  const outcome = readTokenAnswer(tiktok, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const atApi = (given: PlatformAnswer): Failure | 'ok' => {
  const outcome = readIdentityAnswer(tiktok, given);
  return outcome.ok ? 'ok' : outcome.failure;
};
const refusal = (error: string): object => ({ error, error_description: 'A sentence.', log_id: '2022' });
const wrapped = (code: string): object => ({ data: {}, error: { code, message: 'A sentence.', log_id: '2022' } });
const flat = (code: string): object => ({ code, message: 'A sentence.', log_id: '2022' });

const revoked = { class: 'permanent', reason: 'grant_revoked' };
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const temporary = { class: 'temporary', reason: 'provider_unavailable' };
const permission = { class: 'permission', reason: 'scope_missing' };
const limited = (retryAfter: number): object => ({ class: 'temporary', reason: 'rate_limited', retryAfter });

describe('the token endpoint of TikTok', () => {
  it.each([
    ['invalid_grant', revoked],
    ['invalid_client', misconfigured],
    ['unauthorized_client', misconfigured],
    ['invalid_request', temporary],
    ['invalid_scope', temporary],
    ['access_denied', temporary],
    ['unsupported_grant_type', temporary],
    ['unsupported_response_type', temporary],
    ['constructor', temporary],
  ])('means the same by %s with 200 as with 400', (code, meaning) => {
    expect(atToken(answer(200, refusal(code)))).toMatchObject(meaning);
    expect(atToken(answer(400, refusal(code)))).toMatchObject(meaning);
  });

  it.each(['invalid_request', 'invalid_grant'])(
    'means the app by %s when the sentence names its key or secret',
    (code) => {
      const body = { ...refusal(code), error_description: 'Client key or secret is incorrect.' };
      expect(atToken(answer(200, body))).toMatchObject({ ...misconfigured, code });
    },
  );

  it('has succeeded when an access token is there, never because of a status', () => {
    expect(atToken(answer(200, { access_token: 'act.1', expires_in: 86_400 }))).toBe('ok');
    expect(atToken(answer(200, { ...refusal('invalid_grant'), access_token: '' }))).toMatchObject(revoked);
    expect(atToken(answer(200, { data: { access_token: 'act.1' } }))).toMatchObject(temporary);
  });

  it('fails with 5xx, whatever its body', () => {
    expect(atToken(answer(500, refusal('invalid_grant')))).toMatchObject(temporary);
  });
});

describe('the API of TikTok', () => {
  it.each([
    ['access_token_invalid', 401, revoked],
    ['scope_not_authorized', 401, permission],
    ['scope_permission_missed', 401, permission],
    ['spam_risk_user_banned_from_posting', 403, { class: 'owner', reason: 'suspended' }],
    ['rate_limit_exceeded', 429, limited(60)],
    ['spam_risk_too_many_posts', 403, limited(86_400)],
    ['reached_active_user_cap', 403, { class: 'app', reason: 'app_paused', retryAfter: 86_400 }],
    ['invalid_client', 401, misconfigured],
    ['unauthorized_client', 403, misconfigured],
    ['unaudited_client_can_only_post_to_private_accounts', 403, misconfigured],
    ['url_ownership_unverified', 403, misconfigured],
    ['internal_error', 500, temporary],
    ['something_new', 401, temporary],
    ['constructor', 401, temporary],
    ['__proto__', 401, temporary],
  ])('reports %s with %i, wrapped or flat', (code, status, meaning) => {
    expect(atApi(answer(status, wrapped(code)))).toMatchObject(meaning);
    expect(atApi(answer(status, flat(code)))).toMatchObject(meaning);
  });

  it('does not classify a token as revoked by the status 401 alone', () => {
    expect(atApi(answer(401, ''))).toMatchObject(temporary);
    expect(atApi(answer(401, wrapped('ok')))).toMatchObject(temporary);
  });

  it('fails with 5xx, whatever its body', () => {
    expect(atApi(answer(503, wrapped('access_token_invalid')))).toMatchObject(temporary);
  });
});
