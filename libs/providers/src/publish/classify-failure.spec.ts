import { describe, expect, it } from '@jest/globals';
import type { PublishClass, PublishRefusals } from '../contract/publish-failure.js';
import { PROVIDER_NAMES, providerOf } from '../registry.js';
import { classifyFailure } from './classify-failure.js';

type Fixture = [status: number, body: object, meaning: PublishClass, atCommit?: PublishClass];

const xProblem = (status: number, detail: string, type = 'about:blank', title = 'Forbidden'): object => ({
  title,
  type: type === 'about:blank' ? type : `https://api.twitter.com/2/problems/${type}`,
  status,
  detail,
});
const linkedin = (message: string, code?: string): object => ({
  message,
  ...(code && { errorDetails: { inputErrors: [{ description: message, input: {}, code }] } }),
});
const graph = (code: number, subcode?: number, message = 'a message'): object => ({
  error: { message, type: 'OAuthException', code, ...(subcode && { error_subcode: subcode }), fbtrace_id: 'A' },
});
const tiktok = (code: string): object => ({ data: {}, error: { code, message: '', log_id: 'A' } });
const failed = (reason: string): object => ({ data: { status: 'FAILED', fail_reason: reason }, error: { code: 'ok' } });
const pinterest = (code: number, message: string): object => ({ code, message });

/** Answers as the platforms give them, at least one for each row. */
const fixtures: Record<string, Fixture[]> = {
  x: [
    [402, xProblem(402, 'no credits', 'credits', 'CreditsDepleted'), 'billing'],
    [403, xProblem(403, 'You are not allowed to create a Tweet with duplicate content.'), 'duplicate'],
    [403, xProblem(403, 'The user used for authentication is suspended', 'user-suspended'), 'action'],
    [403, xProblem(403, 'Your account is temporarily locked.'), 'action'],
    [403, xProblem(403, 'Usage cap exceeded', 'usage-capped'), 'app'],
    [403, xProblem(403, 'Client Forbidden', 'client-forbidden'), 'app'],
    [403, xProblem(403, 'The tweet.write scope is required', 'not-authorized-for-resource'), 'permission'],
    [403, xProblem(403, 'You can have a maximum of one cashtag.'), 'content'],
    [403, xProblem(403, 'You are not permitted to perform this action.'), 'content'],
    [400, { errors: [{ message: 'Your media IDs are invalid.' }], title: 'Invalid Request' }, 'rebuild'],
  ],
  linkedin: [
    [422, linkedin('Content is a duplicate of urn:li:share:7141', 'DUPLICATE_POST'), 'duplicate'],
    [400, linkedin('ShareCommentary text length exceeded', 'FIELD_ARRAY_SIZE_TOO_HIGH'), 'content'],
    [422, linkedin('Unable to obtain activity'), 'retry'],
    [403, linkedin('Accessing this video resource is forbidden. Please check your permissions'), 'permission'],
    [403, { code: 'ACCESS_DENIED', message: 'Not enough permissions to access: posts' }, 'permission'],
    [426, { message: 'Requested version 202510 is not active' }, 'app'],
    [429, linkedin('Resource level throttle APPLICATION_AND_MEMBER DAY limit is reached'), 'wait'],
  ],
  facebook: [
    ...[1363047, 1609010].map((subcode): Fixture => [400, graph(2, subcode), 'retry', 'ambiguous']),
    [400, graph(368, 1390008), 'wait'],
    [400, graph(100, 1366051), 'duplicate'],
    ...[1404078, 4854002, 1404006, 1404112].map((subcode): Fixture => [400, graph(368, subcode), 'action']),
    ...[1346003, 1404102].map((subcode): Fixture => [400, graph(368, subcode), 'content']),
    ...[1366046, 2069019, 1609008, 2061006, 1609005].map((subcode): Fixture => [400, graph(324, subcode), 'content']),
    [400, graph(506), 'duplicate'],
    ...[1, 2].map((code): Fixture => [400, graph(code), 'retry', 'ambiguous']),
    ...[4, 17, 32, 613, 341, 368].map((code): Fixture => [400, graph(code), 'wait']),
    [403, graph(10), 'permission'],
    ...Array.from({ length: 100 }, (_, index): Fixture => [400, graph(200 + index), 'permission']),
    [403, graph(100, undefined, 'No permission to publish the video'), 'permission'],
    [400, graph(190, 463), 'reauth'],
    [400, graph(100, undefined, 'Name parameter too long'), 'content'],
  ],
  instagram: [
    [400, graph(-2, 2207003), 'retry'],
    [400, graph(-2, 2207020), 'rebuild'],
    [400, graph(-1, 2207001), 'retry', 'ambiguous'],
    ...[2207032, 2207053].map((subcode): Fixture => [400, graph(-1, subcode), 'rebuild']),
    [400, graph(1, 2207057), 'content'],
    [400, graph(4, 2207051), 'wait', 'ambiguous'],
    [400, graph(9, 2207042), 'wait'],
    [400, graph(24, 2207006), 'rebuild', 'ambiguous'],
    [400, graph(24, 2207008), 'retry'],
    [400, graph(25, 2207050), 'action'],
    ...[2207023, 2207028, 2207035, 2207036, 2207037, 2207040].map((subcode): Fixture => [
      400,
      graph(100, subcode),
      'content',
    ]),
    [400, graph(352, 2207026), 'content'],
    ...[2207004, 2207005, 2207009, 2207010].map((subcode): Fixture => [400, graph(36000, subcode), 'content']),
    [400, graph(9004, 2207052), 'retry'],
    [400, graph(9007, 2207027), 'retry'],
    ...[2207076, 2207077, 2207082].map((subcode): Fixture => [400, graph(-1, subcode), 'rebuild']),
    [400, graph(100, 33), 'retry', 'ambiguous'],
    [400, graph(80002), 'wait'],
    [403, graph(10), 'permission'],
    [400, graph(190, 460), 'reauth'],
  ],
  tiktok: [
    ...['invalid_param', 'invalid_params', 'privacy_level_option_mismatch'].map((code): Fixture => [
      400,
      tiktok(code),
      'content',
    ]),
    [401, tiktok('access_token_invalid'), 'reauth'],
    ...['scope_not_authorized', 'scope_permission_missed'].map((code): Fixture => [401, tiktok(code), 'permission']),
    ...['spam_risk_too_many_posts', 'spam_risk_too_many_pending_share'].map((code): Fixture => [
      403,
      tiktok(code),
      'wait',
    ]),
    [403, tiktok('spam_risk_user_banned_from_posting'), 'action'],
    ...[
      'reached_active_user_cap',
      'unaudited_client_can_only_post_to_private_accounts',
      'url_ownership_unverified',
    ].map((code): Fixture => [403, tiktok(code), 'app']),
    [429, tiktok('rate_limit_exceeded'), 'wait'],
    /** Failures with a success as their status. */
    [200, tiktok('internal_error'), 'retry'],
    [200, failed('auth_removed'), 'reauth'],
    [200, failed('app_version_check_failed'), 'action'],
    ...[
      'file_format_check_failed',
      'duration_check_failed',
      'frame_rate_check_failed',
      'picture_size_check_failed',
    ].map((reason): Fixture => [200, failed(reason), 'content']),
    ...['spam_risk_text', 'spam_risk', 'publish_cancelled'].map((reason): Fixture => [200, failed(reason), 'content']),
    ...['video_pull_failed', 'photo_pull_failed'].map((reason): Fixture => [200, failed(reason), 'rebuild']),
    [200, failed('internal'), 'retry'],
  ],
  pinterest: [
    [400, pinterest(1, 'Sorry! Unable to reach the URL. Please try again.'), 'retry'],
    [403, pinterest(29, 'Apps with Trial access may not create Pins in production'), 'app'],
    [403, pinterest(29, 'You are not permitted to access that resource.'), 'permission'],
    [401, pinterest(3, 'Your token does not have sufficient permissions'), 'permission'],
    [404, pinterest(40, 'Board not found.'), 'content'],
    [400, pinterest(1, "'x' does not match '^\\d+$'"), 'content'],
    [429, pinterest(8, 'This request exceeded a rate limit.'), 'wait'],
  ],
};

const refusalsOf = (name: string): PublishRefusals => providerOf(name).publish!.refusals;
const rows = PROVIDER_NAMES.flatMap((name) => (fixtures[name] ?? []).map((fixture) => [name, ...fixture] as const));

describe('the refusals of posts', () => {
  it.each(rows)('%s with status %i is read by its row: %#', (name, status, json, meaning, atCommit = meaning) => {
    const answer = { status, headers: {}, json };
    expect(classifyFailure(refusalsOf(name), answer, false).class).toBe(meaning);
    expect(classifyFailure(refusalsOf(name), answer, true).class).toBe(atCommit);
  });

  it.each(PROVIDER_NAMES)('every row of %s has an answer that is read by it', (name) => {
    const refusals = refusalsOf(name);
    const marked = refusals.rows.map(({ status, code, sentence }, index) => ({ status, code, sentence, wait: index }));
    const read = (fixtures[name] ?? []).map(
      ([status, json]) =>
        classifyFailure({ ...refusals, rows: marked as never }, { status, headers: {}, json }, false).wait,
    );
    expect(marked.filter(({ wait }) => !read.includes(wait))).toEqual([]);
  });

  it.each(PROVIDER_NAMES)('a call of %s without a complete answer is ambiguous at the commit alone', (name) => {
    for (const status of [200, 302, 408, 500, 502, 503, 504]) {
      const answer = { status, headers: {}, json: undefined };
      expect(classifyFailure(refusalsOf(name), answer, true)).toEqual({ class: 'ambiguous', code: `http_${status}` });
      expect(classifyFailure(refusalsOf(name), answer, false).class).toBe('retry');
    }
    expect(classifyFailure(refusalsOf(name), null, true)).toEqual({ class: 'ambiguous', code: 'no_answer' });
    expect(classifyFailure(refusalsOf(name), null, false).class).toBe('retry');
  });

  it.each(PROVIDER_NAMES)('a refusal of %s that no row lists is read by its status', (name) => {
    const read = (status: number): PublishClass =>
      classifyFailure(refusalsOf(name), { status, headers: {}, json: { unknown: 1 } }, true).class;
    expect([400, 401, 402, 403, 404, 422, 429].map(read)).toEqual([
      'content',
      'reauth',
      'billing',
      'permission',
      'content',
      'content',
      'wait',
    ]);
  });
});
