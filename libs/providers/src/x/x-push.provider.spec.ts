import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import type { PushCall } from '../contract/push.js';
import { xPush } from './x-push.provider.js';

const SECRET = 'consumer-secret';
const app = { clientId: 'id', clientSecret: new Secret(SECRET) };
const signed = (text: string, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('base64')}`;

const EVENT = JSON.stringify({
  data: {
    event_uuid: '5934540941047412905',
    filter: {},
    event_type: 'oauth.revoke',
    payload: { date_time: '2026-07-23T21:44:05+00:00', user_id: '1111111111111111111', app_id: '29820954' },
  },
});
const NOW = new Date('2026-07-23T21:45:00Z');
const call = (body: string, signature: string | undefined = signed(body)): PushCall => ({
  topic: null,
  headers: { 'x-twitter-webhooks-signature': signature },
  body: Buffer.from(body),
  now: NOW,
});

describe('an event of X', () => {
  it("is genuine when the app's secret signed the body", () => {
    expect(xPush.isGenuine(call(EVENT), app)).toBe(true);
  });

  it.each([
    ['a body that was changed', call(EVENT.replace('1111', '2222'), signed(EVENT))],
    ["another app's secret", call(EVENT, signed(EVENT, 'another'))],
    ['no signature', call(EVENT, '')],
    ['a signature that comes twice', call(EVENT, `${signed(EVENT)}, ${signed(EVENT)}`)],
    ['another algorithm', call(EVENT, `sha1=${createHmac('sha1', SECRET).update(EVENT).digest('base64')}`)],
    ['a signature without its scheme', call(EVENT, signed(EVENT).slice('sha256='.length))],
    ['a signature in hex', call(EVENT, `sha256=${createHmac('sha256', SECRET).update(EVENT).digest('hex')}`)],
  ])('is not with %s', (_what, forged) => {
    expect(xPush.isGenuine(forged, app)).toBe(false);
  });

  it('reads who revoked and when', () => {
    expect(xPush.read(call(EVENT))).toEqual({
      kind: 'revoked',
      platformUserId: '1111111111111111111',
      reason: 'deauthorized_by_user',
      at: new Date('2026-07-23T21:44:05Z'),
    });
  });

  it('reads the older form, too', () => {
    const older = {
      user_event: { revoke: { date_time: '2026-07-23T21:44:05Z', target: { app_id: '1' }, source: { user_id: '42' } } },
    };
    expect(xPush.read(call(JSON.stringify(older)))).toMatchObject({
      platformUserId: '42',
      at: new Date('2026-07-23T21:44:05Z'),
    });
  });

  it.each([
    ['another event', JSON.stringify({ data: { event_type: 'profile.update.bio', payload: { user_id: '1' } } })],
    ['no JSON', 'revoke'],
    ['a list', '[]'],
  ])('reports nothing for a grant when it is %s', (_what, body) => {
    expect(xPush.read(call(body))).toBeUndefined();
  });

  const notice = (date_time: unknown): string => {
    const event = JSON.parse(EVENT) as { data: { payload: object } };
    Object.assign(event.data.payload, { date_time });
    return JSON.stringify(event);
  };

  it.each([
    ['a day old', '2026-07-22T21:45:00Z', true],
    ['older than a day', '2026-07-22T21:44:59Z', false],
    ['a minute ahead of our clock', '2026-07-23T21:46:00Z', true],
    ['further in the future', '2026-07-23T21:46:01Z', false],
    ['without a time', undefined, false],
    ['of a time that cannot be read', 'yesterday', false],
    ['of a time that is a number', 0, false],
  ])('a call that is %s is accepted or refused by its time', (_what, at, taken) => {
    expect(xPush.isGenuine(call(notice(at)), app)).toBe(taken);
    expect(xPush.isPlausible(call(notice(at), signed('another', 'another')))).toBe(taken);
  });

  it('needs no time when it is about something else', () => {
    const other = JSON.stringify({ data: { event_type: 'profile.update.bio', payload: { user_id: '1' } } });
    expect(xPush.isGenuine(call(other), app)).toBe(true);
  });

  it('reports nothing for a person whose id cannot be stored', () => {
    expect(xPush.read(call(EVENT.replace('1111111111111111111', String.raw`\u0000`)))).toBeUndefined();
  });
});

describe('the challenge of X', () => {
  it('is answered with the token, signed', () => {
    expect(xPush.answerChallenge!({ crc_token: 'NjA1MzE0NDg2-a_b+/=' }, app)).toEqual({
      response_token: signed('NjA1MzE0NDg2-a_b+/='),
    });
  });

  it.each([[{}], [{ crc_token: '' }], [{ crc_token: ['a', 'b'] }], [{ crc_token: 'a'.repeat(501) }]])(
    'is not answered when it is none: %j',
    (query) => {
      expect(xPush.isChallenge!(query)).toBe(false);
      expect(xPush.answerChallenge!(query, app)).toBeUndefined();
    },
  );

  it('signs nothing that could be sent as an event afterwards', () => {
    expect(xPush.answerChallenge!({ crc_token: EVENT }, app)).toBeUndefined();
  });
});
