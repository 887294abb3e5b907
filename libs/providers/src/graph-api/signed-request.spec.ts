import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import type { PushCall } from '../contract/push.js';
import { graphPush } from './graph-push.provider.js';

const SECRET = 'app-secret';
const app = { clientId: 'id', clientSecret: new Secret(SECRET) };
const encoded = (text: string): string => Buffer.from(text).toString('base64url');
const hmac = (text: string, secret = SECRET): string => createHmac('sha256', secret).update(text).digest('base64url');

const PAYLOAD = '{"algorithm":"HMAC-SHA256","expires":1291840400,"issued_at":1291836800,"user_id":"218471"}';
const signed = (payload = PAYLOAD, secret = SECRET): string => `${hmac(encoded(payload), secret)}.${encoded(payload)}`;
const NOW = new Date(1_291_836_860_000);
const call = (request: string, topic = 'deauthorize'): PushCall => ({
  topic,
  headers: {},
  body: Buffer.from(new URLSearchParams({ signed_request: request }).toString()),
  now: NOW,
});

describe('a signed request', () => {
  it("is genuine when the app's secret signed its encoded half", () => {
    expect(graphPush.isGenuine(call(signed()), app)).toBe(true);
  });

  it('is genuine with a padded signature too', () => {
    expect(graphPush.isGenuine(call(signed().replace('.', '=.')), app)).toBe(true);
  });

  const other = encoded(PAYLOAD.replace('218471', '218472'));
  it.each([
    ['another payload', `${hmac(encoded(PAYLOAD))}.${other}`],
    ["another app's secret", signed(PAYLOAD, 'another')],
    ['another algorithm', signed(PAYLOAD.replace('HMAC-SHA256', 'NONE'))],
    ['no algorithm', signed('{"issued_at":1291836800,"user_id":"218471"}')],
    ['no time', signed('{"algorithm":"HMAC-SHA256","user_id":"218471"}')],
    ['a time that is no number', signed(PAYLOAD.replace('1291836800', '"1291836800"'))],
    ['a time without end', signed(PAYLOAD.replace('1291836800', '1e400'))],
    ['a time of more than a day ago', signed(PAYLOAD.replace('1291836800', String(NOW.getTime() / 1_000 - 86_401)))],
    ['a time more than a minute ahead', signed(PAYLOAD.replace('1291836800', String(NOW.getTime() / 1_000 + 61)))],
    ['a payload that is no JSON', signed('218471')],
    ['a signature over the decoded half', `${hmac(PAYLOAD)}.${encoded(PAYLOAD)}`],
    ['a third part', `${signed()}.`],
    ['no signature', `.${encoded(PAYLOAD)}`],
    ['nothing', ''],
  ])('is not with %s', (_what, request) => {
    expect(graphPush.isGenuine(call(request), app)).toBe(false);
  });

  it('is plausible without the secret when only the secret is wrong', () => {
    expect(graphPush.isPlausible(call(signed(PAYLOAD, 'another')))).toBe(true);
    expect(graphPush.isPlausible(call(`c2hvcnQ.${encoded(PAYLOAD)}`))).toBe(false);
  });

  it('is not genuine in a body that is no form', () => {
    expect(
      graphPush.isGenuine({ ...call(''), body: Buffer.from(JSON.stringify({ signed_request: signed() })) }, app),
    ).toBe(false);
  });

  it('reads the person, the time and, from the URL, the kind', () => {
    const notice = { platformUserId: '218471', reason: 'deauthorized_by_user', at: new Date(1_291_836_800_000) };
    expect(graphPush.read(call(signed()))).toEqual({ kind: 'revoked', ...notice });
    expect(graphPush.read(call(signed(), 'data-deletion'))).toEqual({ kind: 'data_deletion', ...notice });
  });

  it('keeps every digit of an id that comes as a number', () => {
    expect(
      graphPush.read(call(signed('{"algorithm":"HMAC-SHA256","issued_at":1291836800,"user_id":17841400000000001}'))),
    ).toMatchObject({
      platformUserId: '17841400000000001',
    });
  });

  it('returns nothing when it names no person', () => {
    expect(graphPush.read(call(signed('{"algorithm":"HMAC-SHA256","issued_at":1291836800}')))).toBeUndefined();
  });
});
