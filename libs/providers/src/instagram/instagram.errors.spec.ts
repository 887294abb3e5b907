import { describe, expect, it } from '@jest/globals';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure } from '../contract/outcome.js';
import { readIdentityAnswer, readProbeAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { instagram } from './instagram.provider.js';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const failureOf = (outcome: { ok: true } | { ok: false; failure: Failure }): Failure | 'ok' =>
  outcome.ok ? 'ok' : outcome.failure;
const atToken = (given: PlatformAnswer): Failure | 'ok' => failureOf(readTokenAnswer(instagram, given));
const atApi = (given: PlatformAnswer): Failure | 'ok' => failureOf(readIdentityAnswer(instagram, given));
const atProbe = (given: PlatformAnswer): Failure | 'ok' => failureOf(readProbeAnswer(instagram, given));

const rejected = (message: string): object => ({ error_type: 'OAuthException', code: 400, error_message: message });
const graph = (code: number, subcode?: number, message = 'A sentence.'): object => ({
  error: { message, type: 'OAuthException', code, error_subcode: subcode, fbtrace_id: 'A1' },
});

const permanent = (reason: string): object => ({ class: 'permanent', reason });
const misconfigured = { class: 'app', reason: 'app_misconfigured' };
const temporary = { class: 'temporary', reason: 'provider_unavailable' };
const checkpoint =
  'Error validating access token: You cannot access the app till you log in to www.instagram.com and follow the instructions given.';

describe('the code exchange of Instagram', () => {
  it.each([
    ['a code that is unknown or used', 'Matching code was not found or was already used', permanent('grant_revoked')],
    ['the same with a full stop', 'Matching code was not found or was already used.', permanent('grant_revoked')],
    [
      'another redirect URI',
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
      permanent('grant_revoked'),
    ],
    ['the id of the wrong app', 'Invalid platform app', misconfigured],
    ['a wrong secret', 'Error validating client secret.', misconfigured],
    ['a person without a role in an app in development', 'Insufficient developer role', permanent('app_misconfigured')],
    ['a scope that is none', 'Invalid scope: instagram_everything', permanent('app_misconfigured')],
    ['an app without access', 'API access deactivated. To reactivate, go to the app dashboard.', misconfigured],
    ['an unknown sentence', 'Matching code was not found or was already used, or so', temporary],
  ])('reports %s in an envelope of its own', (_what, message, meaning) => {
    expect(atToken(answer(400, rejected(message)))).toMatchObject(meaning);
  });

  it('keeps no sentence of the platform', () => {
    expect(JSON.stringify(atToken(answer(400, rejected('Invalid platform app'))))).not.toContain('Invalid');
  });

  it('fails with 5xx, whatever its body', () => {
    expect(atToken(answer(500, rejected('Matching code was not found or was already used')))).toMatchObject(temporary);
  });
});

describe("making Instagram's tokens live longer", () => {
  it.each([
    [
      'an expired token',
      graph(190, undefined, 'Error validating access token: Session has expired on Sunday'),
      permanent('grant_revoked'),
    ],
    ['an expired token, with the subcode', graph(190, 463), permanent('grant_expired')],
    ['a changed password', graph(190, 460), permanent('password_changed')],
    ['an app that was removed', graph(190, 458), permanent('grant_revoked')],
    ['a checkpoint without a subcode', graph(190, undefined, checkpoint), { class: 'owner', reason: 'checkpoint' }],
    ['a wrong secret', graph(100, undefined, 'Error validating client secret.'), misconfigured],
    ['a missing permission', graph(10), { class: 'permission', reason: 'scope_missing' }],
    [
      'a token that is too young or of another kind',
      graph(100, undefined, 'Unsupported request - method type: get'),
      temporary,
    ],
    ['a limit', graph(4), { class: 'temporary', reason: 'rate_limited', retryAfter: 3_600 }],
    ['a failure of its own', graph(2), temporary],
  ])('is refused for %s', (_what, body, meaning) => {
    expect(atToken(answer(400, body))).toMatchObject(meaning);
  });

  it('has not succeeded without a token', () => {
    expect(atToken(answer(200, {}))).toMatchObject(temporary);
    expect(atToken(answer(200, '<html>'))).toMatchObject(temporary);
  });
});

describe('the API of Instagram', () => {
  it.each([
    ['a token that is no token', 400, graph(190), permanent('grant_revoked')],
    ['a changed password', 401, graph(190, 460), permanent('password_changed')],
    ['a checkpoint', 403, graph(190, 459), { class: 'owner', reason: 'checkpoint' }],
    [
      'a checkpoint without a subcode',
      400,
      graph(190, undefined, checkpoint),
      { class: 'owner', reason: 'checkpoint' },
    ],
    ['a restricted person', 400, graph(25, 2_207_050), { class: 'owner', reason: 'suspended' }],
    [
      'a blocked action that calls itself a limit',
      403,
      graph(4, 2_207_051, 'Application request limit reached'),
      { class: 'owner', reason: 'blocked' },
    ],
    [
      'a person who is not professional',
      400,
      graph(10, undefined, '(#10) The user is not an Instagram Business'),
      { class: 'permission', reason: 'scope_missing' },
    ],
    ['an account that is gone', 400, graph(100, 33), { class: 'permission', reason: 'role_lost' }],
    [
      'the posts of a day',
      400,
      graph(9, 2_207_042),
      { class: 'temporary', reason: 'rate_limited', retryAfter: 86_400 },
    ],
    ['a limit', 429, graph(80_002), { class: 'temporary', reason: 'rate_limited', retryAfter: 3_600 }],
    ['nothing that is listed', 400, graph(24), temporary],
  ])('reports %s, to the identity call and to the probe', (_what, status, body, meaning) => {
    expect(atApi(answer(status, body))).toMatchObject(meaning);
    expect(atProbe(answer(status, body))).toMatchObject(meaning);
  });

  it('does not classify a token as revoked by a status alone, nor with 5xx or 429', () => {
    for (const status of [400, 401, 403]) expect(atApi(answer(status, '<html>'))).toMatchObject({ class: 'temporary' });
    expect(atApi(answer(500, graph(190)))).toMatchObject(temporary);
    expect(atApi(answer(429, graph(190)))).toMatchObject({ class: 'temporary' });
  });

  it('waits as long as the header requests', () => {
    const headers = {
      'x-business-use-case-usage': '{"178":[{"type":"instagram","estimated_time_to_regain_access":19}]}',
    };
    expect(atApi(answer(400, graph(80_002), headers))).toMatchObject({ retryAfter: 19 * 60 });
  });
});
