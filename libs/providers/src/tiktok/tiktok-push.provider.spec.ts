import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import type { PushCall } from '../contract/push.js';
import { tiktokPush } from './tiktok-push.provider.js';

const SECRET = 'client-secret';
const app = { clientId: 'key', clientSecret: new Secret(SECRET) };
const NOW = new Date('2026-11-22T12:00:00Z');
const SECONDS = NOW.getTime() / 1_000;

const signed = (body: string, at = SECONDS, secret = SECRET): string =>
  `t=${at},s=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
const call = (body: string, signature = signed(body)): PushCall => ({
  topic: null,
  headers: { 'tiktok-signature': signature },
  body: Buffer.from(body),
  now: NOW,
});
const removed = (content: string, over: object = {}): string =>
  JSON.stringify({
    client_key: 'key',
    event: 'authorization.removed',
    create_time: SECONDS - 3,
    user_openid: 'open-1',
    content,
    ...over,
  });
const EVENT = removed('{"reason": 1 }');

describe('an event of TikTok', () => {
  it('names its app in the body', () => {
    expect(tiktokPush.addresseeIn!(Buffer.from(EVENT))).toEqual({ clientId: 'key', platformUserId: 'open-1' });
    const nameless = [
      '{}',
      'nonsense',
      '{"client_key":""}',
      '{"client_key":"a\\u0000"}',
      '{"client_key":["key"]}',
      JSON.stringify({ client_key: 'k'.repeat(513) }),
    ];
    expect(nameless.map((body) => tiktokPush.addresseeIn!(Buffer.from(body)))).toEqual(nameless.map(() => undefined));
    expect(tiktokPush.addresseeIn!(Buffer.from('{"client_key":"key","user_openid":"a\\u0000"}'))).toEqual({
      clientId: 'key',
      platformUserId: null,
    });
  });

  it("is genuine when the app's secret signed time and body", () => {
    expect(tiktokPush.isGenuine(call(EVENT), app)).toBe(true);
  });

  it('is taken within five minutes, and after that no more', () => {
    expect(tiktokPush.isGenuine(call(EVENT, signed(EVENT, SECONDS - 300)), app)).toBe(true);
    expect(tiktokPush.isGenuine(call(EVENT, signed(EVENT, SECONDS - 301)), app)).toBe(false);
  });

  it('is taken from a clock that is up to a minute ahead, and no further', () => {
    expect(tiktokPush.isGenuine(call(EVENT, signed(EVENT, SECONDS + 60)), app)).toBe(true);
    expect(tiktokPush.isGenuine(call(EVENT, signed(EVENT, SECONDS + 61)), app)).toBe(false);
  });

  it('is plausible without any secret when its signature has the right form and a present time', () => {
    const wrong = [
      signed(EVENT, SECONDS - 301),
      signed(EVENT, SECONDS + 3_600),
      signed(EVENT).slice(0, -1),
      signed(EVENT).toUpperCase(),
      '',
      't=,s=',
    ];
    expect(tiktokPush.isPlausible(call(EVENT, signed(EVENT, SECONDS, 'another')))).toBe(true);
    expect(wrong.map((signature) => tiktokPush.isPlausible(call(EVENT, signature)))).toEqual(wrong.map(() => false));
  });

  it.each([
    ['a body that was changed', call(EVENT.replace('open-1', 'open-2'), signed(EVENT))],
    ['an old signature with a new time', call(EVENT, signed(EVENT, SECONDS - 900).replace(/t=\d+/, `t=${SECONDS}`))],
    ["another app's secret", call(EVENT, signed(EVENT, SECONDS, 'another'))],
    ['no signature', call(EVENT, '')],
    ['a signature that comes twice', call(EVENT, `${signed(EVENT)}, ${signed(EVENT)}`)],
    ['a second digest in its signature', call(EVENT, `${signed(EVENT)},s=${'0'.repeat(64)}`)],
    [
      'a digest of another algorithm',
      call(EVENT, `t=${SECONDS},s=${createHmac('sha1', SECRET).update(EVENT).digest('hex')}`),
    ],
    ['a time of 13 digits', call(EVENT, signed(EVENT, SECONDS * 1_000))],
    ['a signature cut short', call(EVENT, signed(EVENT).slice(0, -2))],
  ])('is not genuine with %s', (_what, forged) => {
    expect(tiktokPush.isGenuine(forged, app)).toBe(false);
  });

  it.each([
    ['0', 'grant_revoked'],
    ['1', 'deauthorized_by_user'],
    ['2', 'account_deleted'],
    ['3', 'age_changed'],
    ['4', 'suspended'],
    ['5', 'revoked_by_app'],
    ['99', 'grant_revoked'],
    ['"constructor"', 'grant_revoked'],
  ])('reads from the number %s the reason %s', (number, reason) => {
    expect(tiktokPush.read(call(removed(`{"reason": ${number}}`)))).toEqual({
      kind: 'revoked',
      platformUserId: 'open-1',
      reason,
      at: new Date(NOW.getTime() - 3_000),
    });
  });

  it('reports a removal without a reason or a time, too: it happened before it was signed', () => {
    const bare = removed('', { create_time: undefined, content: undefined });
    expect(tiktokPush.read(call(bare))).toMatchObject({ platformUserId: 'open-1', reason: 'grant_revoked', at: NOW });
  });

  it.each([
    ['later than its signature', SECONDS + 3_600],
    ['beyond the last date', 8_640_000_000_001],
    ['the largest number', Number.MAX_SAFE_INTEGER],
  ])('is taken to happen when it was signed where its time is %s', (_what, create_time) => {
    expect(tiktokPush.read(call(removed('{}', { create_time })))).toMatchObject({ platformUserId: 'open-1', at: NOW });
  });

  it('reports nothing for a person whose id cannot be stored', () => {
    expect(tiktokPush.read(call(removed('{}', { user_openid: 'a\u0000' })))).toBeUndefined();
  });

  it('reports nothing for a grant when it is about something else', () => {
    expect(tiktokPush.read(call(removed('{}', { event: 'video.publish.completed' })))).toBeUndefined();
  });
});
