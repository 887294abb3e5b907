import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { PROVIDER_NAMES, providerOf } from '../registry.js';
import { readAppCheckAnswer } from './read-answer.js';

const APP = { clientId: 'the-id', clientSecret: new Secret('the-secret') };

const answer = (status: number, body: unknown) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
});
const graph = (code: number, message: string) => ({ error: { code, message, type: 'OAuthException' } });
const oauth = (error: string, error_description: string) => ({ error, error_description });
const instagram = (error_message: string) => ({ error_type: 'OAuthException', code: 400, error_message });

type Row = [provider: string, what: string, status: number, body: unknown];

const ACCEPTED: Row[] = [
  ['x', 'a token that does not exist', 400, oauth('invalid_request', 'Value passed for the token was invalid.')],
  ['x', 'a token that does not exist, by the standard', 400, oauth('invalid_grant', 'x')],
  ['tiktok', 'a token of the app', 200, { access_token: 'clt.1', expires_in: 7200, token_type: 'Bearer' }],
  ['facebook', 'a token of the app', 200, { access_token: '1|a', token_type: 'bearer' }],
  ['linkedin', 'an inactive token', 200, { active: false }],
  ['linkedin', 'a token that does not exist', 400, oauth('invalid_request', 'Invalid token')],
  ['pinterest', 'a token that does not exist', 401, { code: 283, message: 'The authorization grant is invalid' }],
];

const REFUSED: Row[] = [
  ['x', 'a wrong secret', 401, oauth('unauthorized_client', 'Missing valid authorization header')],
  ['x', 'an unknown id', 401, { error: 'invalid_client' }],
  ['tiktok', 'a wrong key or secret, with 200', 200, oauth('invalid_client', 'Client key or secret is incorrect.')],
  ['facebook', 'a wrong secret', 400, graph(1, 'Error validating client secret.')],
  ['facebook', 'an unknown id', 400, graph(101, 'Error validating application.')],
  ['instagram', 'a wrong secret', 400, instagram('Error validating client secret.')],
  ['instagram', 'an unknown id', 400, instagram('Invalid platform app')],
  ['linkedin', 'a wrong secret', 401, oauth('invalid_client', 'Client authentication failed')],
  ['pinterest', 'a wrong secret', 401, { code: 2, message: 'Authentication failed.' }],
  ['pinterest', 'an unknown id', 400, { code: 283, message: 'x', data: 'Invalid Application ID' }],
];

const UNKNOWN: Row[] = [
  ...PROVIDER_NAMES.flatMap((name): Row[] => [[name, 'words that are in no table', 400, oauth('something_new', 'x')]]),
  ['tiktok', 'a refusal of the grant type', 401, oauth('unauthorized_client', 'x')],
  ['x', 'spent credits', 402, { title: 'CreditsDepleted' }],
  ['facebook', 'a refused token', 400, graph(190, 'x')],
  ['instagram', 'a code that does not exist', 400, instagram('Matching code was not found or was already used')],
  ['instagram', 'a success, which no code can have', 200, { access_token: 'a', user_id: 1 }],
];

const RETRIED: Row[] = PROVIDER_NAMES.flatMap((name): Row[] => [
  [name, 'a failure of the platform', 503, oauth('invalid_client', 'x')],
  [name, 'a limit', 429, oauth('invalid_client', 'x')],
]);

describe('the check of an app', () => {
  it.each(ACCEPTED)('an app check at %s shows that id and secret are accepted by %s', (name, _what, status, body) => {
    expect(readAppCheckAnswer(providerOf(name), answer(status, body))).toEqual({ status: 'accepted' });
  });

  it.each(REFUSED)('an app check at %s shows %s', (name, _what, status, body) => {
    expect(readAppCheckAnswer(providerOf(name), answer(status, body))).toMatchObject({
      status: 'refused',
      failure: { class: 'app', reason: 'app_misconfigured', code: expect.any(String) },
    });
  });

  it.each(UNKNOWN)('an app check at %s shows nothing by %s', (name, _what, status, body) => {
    expect(readAppCheckAnswer(providerOf(name), answer(status, body))).toEqual({
      status: 'unknown',
      code: expect.any(String),
    });
  });

  it.each(RETRIED)('an app check at %s is worth another try after %s', (name, _what, status, body) => {
    expect(readAppCheckAnswer(providerOf(name), answer(status, body))).toEqual({
      status: 'unknown',
      code: expect.any(String),
      retry: true,
    });
  });

  it.each(PROVIDER_NAMES)('an app check at %s sends the secret in no URL, and no token of a person', (name) => {
    const { url, headers, form } = providerOf(name).appCheck!.request(APP).reveal();
    expect(url).not.toContain('the-secret');
    const basic = `Basic ${Buffer.from('the-id:the-secret').toString('base64')}`;
    expect([headers?.authorization === basic, Object.values(form ?? {}).includes('the-secret')]).toContain(true);
  });

  it.each(PROVIDER_NAMES)('an app check at %s comes with what the owner registers, the redirect URI first', (name) => {
    const registered = {
      redirectUri: 'https://a.example/callback',
      scopes: ['one'],
      callbackUrl: (path: string) => `https://a.example/v1/callbacks/${path}`,
      publicId: 'oa_1',
    };
    const steps = (providerOf(name).registration ?? []).map((step) => ({
      ...step,
      value: typeof step.value === 'string' ? step.value : step.value(registered),
    }));
    expect(steps[0]).toMatchObject({ what: 'redirect_uri', value: 'https://a.example/callback' });
    const callbacks = steps.filter(({ what }) => what === 'callback_url');
    expect(callbacks.length > 0).toBe(providerOf(name).push !== undefined);
    for (const { value } of callbacks) expect(value).toContain(`/v1/callbacks/${providerOf(name).push!.family}`);
  });
});
