import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { CodedError, createLogger, Secret } from '#observability';
import type { AttemptRow } from '#persistence';
import { PROVIDER_NAMES } from '#providers';
import type { TokenExchange } from '#tokens';
import { landingUrl } from './complete-connect.js';
import { ExchangeAttempt, reasonOf } from './exchange-attempt.js';
import { readCallback } from './read-callback.js';
import type { FailAttempt } from './fail-attempt.js';
import type { FinishAttempt } from './finish-attempt.js';

describe('readCallback', () => {
  it('reads a code as a secret that does not print', () => {
    const callback = readCallback({ state: 'the-state', code: 'the-code' });
    expect(callback).toMatchObject({ state: 'the-state', refusal: undefined });
    expect(callback?.code?.reveal()).toBe('the-code');
    expect(inspect(callback) + JSON.stringify(callback)).not.toContain('the-code');
  });

  it('reads the error, reason and code of a refusal', () => {
    const callback = readCallback({
      state: 's',
      error: 'access_denied',
      error_description: 'No.',
      error_reason: 'user_denied',
      error_code: '200',
    });
    expect(callback).toEqual({
      state: 's',
      code: undefined,
      refusal: { error: 'access_denied', reason: 'user_denied', code: '200' },
    });
  });

  it('reads an error even beside a code, and neither where both are missing', () => {
    expect(readCallback({ state: 's' })).toEqual({ state: 's', code: undefined, refusal: undefined });
    expect(readCallback({ state: 's', code: '', error: '' })).toEqual({
      state: 's',
      code: undefined,
      refusal: undefined,
    });
    expect(readCallback({ state: 's', code: 'c', error: 'access_denied' })?.refusal?.error).toBe('access_denied');
  });

  it.each([
    { error_code: '901' },
    { error_message: 'This app is in sandbox mode.' },
    { error_reason: 'user_denied' },
    { error_description: 'No.' },
  ])('reads %j as a refusal, but not beside a code', (words) => {
    expect(readCallback({ state: 's', ...words })?.refusal).toBeDefined();
    expect(readCallback({ state: 's', code: 'c', ...words })?.refusal).toBeUndefined();
  });

  it.each(['#_', '#_=_'])('removes the fragment %s from whichever parameter is the last', (tail) => {
    expect(readCallback({ state: `s${tail}`, code: 'c' })).toMatchObject({ state: 's' });
    expect(readCallback({ state: 's', code: `c#d${tail}` })?.code?.reveal()).toBe('c#d');
    expect(readCallback({ state: 's', error: `access_denied${tail}` })).toMatchObject({
      refusal: { error: 'access_denied' },
    });
    expect(readCallback({ state: 's', error_code: `901${tail}` })).toMatchObject({ refusal: { code: '901' } });
    expect(readCallback({ state: 's', code: tail })).toMatchObject({ code: undefined });
  });

  it.each([
    ['no state', { code: 'c' }],
    ['two states', { state: ['s', 's'], code: 'c' }],
    ['two codes', { state: 's', code: ['c', 'd'] }],
    ['two errors', { state: 's', error: ['access_denied', 'server_error'] }],
    ['no parameter', {}],
  ])('rejects a query with %s (RFC 6749 section 3.1)', (_what, query) => {
    expect(readCallback(query)).toBeUndefined();
  });

  it('accepts other parameters twice', () => {
    expect(readCallback({ state: 's', code: 'c', scopes: ['a', 'b'] })).toBeDefined();
  });
});

const logger = createLogger({ app: 'test', level: 'silent' });
const unused = { execute: () => Promise.reject(new Error('the attempt must neither fail nor finish')) };

/** The ending that the browser gets when the exchange of the code rejects with `error`. */
const endingAfter = (error: Error): Promise<object> => {
  const exchange = { exchangeCode: () => Promise.reject(error) } as unknown as TokenExchange;
  const exchangeAttempt = new ExchangeAttempt(
    unused as unknown as FailAttempt,
    unused as unknown as FinishAttempt,
    exchange,
    logger,
    () => Promise.resolve(),
  );
  const callback = { state: 's', code: new Secret('c'), refusal: undefined };
  return exchangeAttempt.execute({ id: 'an attempt', provider: 'x' } as AttemptRow, callback);
};

describe('ExchangeAttempt', () => {
  it('reports provider_unavailable and leaves the attempt to the sweep when the connection to the exchanger breaks', async () => {
    expect(await endingAfter(new CodedError('exchanger.unavailable', 'the connection broke'))).toEqual({
      oauth_error: 'provider_unavailable',
    });
  });

  it('reports server_error for any other error', async () => {
    expect(await endingAfter(new Error('a bug'))).toEqual({ oauth_error: 'server_error' });
  });
});

const BASE = 'https://app.example/done';

describe('landingUrl', () => {
  it.each([
    ['success', { connected: 'anywhere' }, '?connected=anywhere'],
    ['failure', { oauth_error: 'access_denied' }, '?oauth_error=access_denied'],
  ])('adds the ending of a %s', (_what, ending, query) => {
    expect(landingUrl(BASE, ending)).toBe(`${BASE}${query}`);
  });

  it('keeps every character of the existing query, because it may be signed', () => {
    const query = "flag&a=b%20c+d&empty=&a=~!*'()&sig=A%2fb%2B==&u=%C3%A4";
    const base = new URL(`${BASE}?${query}`).href;
    expect(landingUrl(base, { connected: 'anywhere' })).toBe(`${base}&connected=anywhere`);
  });

  it('replaces its own parameters, however often they occur and however they are encoded', () => {
    const base = `${BASE}?connected=evil&a=1&connected=evil&oauth_error=x&connect_token=t&selection_required=y&%63onnected=evil&b=2`;
    expect(landingUrl(base, { oauth_error: 'state_expired' })).toBe(`${BASE}?a=1&b=2&oauth_error=state_expired`);
  });

  it('keeps parameters with similar names', () => {
    expect(landingUrl(`${BASE}?connected_at=1&Connected=2`, { connected: 'anywhere' })).toBe(
      `${BASE}?connected_at=1&Connected=2&connected=anywhere`,
    );
  });

  it.each([`${BASE}?`, `${BASE}?&`, `${BASE}?connected=x`])('writes one clean query for %s', (base) => {
    expect(landingUrl(base, { connected: 'anywhere' })).toBe(`${BASE}?connected=anywhere`);
  });

  it('writes exactly one ending, whatever the query held', () => {
    const name = fc.constantFrom(
      'a',
      'connected',
      'oauth_error',
      'connect_token',
      'selection_required',
      'c%6Fnnected',
      '',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.webQueryParameters())), (pairs) => {
        const query = pairs.map(([key, value]) => `${key}=${value}`).join('&');
        const landed = new URL(landingUrl(`${BASE}?${query}`, { connected: 'anywhere' })).searchParams;
        expect(landed.getAll('connected')).toEqual(['anywhere']);
        for (const other of ['oauth_error', 'connect_token', 'selection_required'])
          expect(landed.has(other)).toBe(false);
      }),
    );
  });
});

describe('reasonOf', () => {
  const [provider] = PROVIDER_NAMES;

  it.each([
    ['access_denied', 'access_denied'],
    ['unauthorized_client', 'app_misconfigured'],
    ['invalid_scope', 'app_misconfigured'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['server_error', 'provider_unavailable'],
    ['redirect_uri_mismatch', 'app_misconfigured'],
    ['invalid_request', 'exchange_failed'],
    ['something_new', 'exchange_failed'],
    ['constructor', 'exchange_failed'],
    ['__proto__', 'exchange_failed'],
    ['', 'exchange_failed'],
  ])('maps the error %j to %s', (error, reason) => {
    expect(reasonOf(provider, { error })).toBe(reason);
  });

  it('maps access_denied to a denial at every known platform only', () => {
    for (const name of PROVIDER_NAMES) expect(reasonOf(name, { error: 'access_denied' })).toBe('access_denied');
    expect(reasonOf('an unknown platform', { error: 'access_denied' })).toBe('exchange_failed');
  });

  it.each(['facebook', 'instagram'])(
    'maps the numeric codes that %s sends without an error to app_misconfigured, unless they are temporary',
    (name) => {
      for (const code of ['901', '1349126', '1349048', '191', 'abc'])
        expect(reasonOf(name, { code })).toBe('app_misconfigured');
      for (const code of ['1', '2', '4']) expect(reasonOf(name, { code })).toBe('provider_unavailable');
      expect(reasonOf(name, { code: '200', reason: 'user_denied' })).toBe('access_denied');
      expect(reasonOf(name, { error: 'server_error', code: '901' })).toBe('provider_unavailable');
    },
  );

  it('maps each term that a platform uses for a denial to access_denied', () => {
    for (const error of ['user_cancelled_login', 'user_cancelled_authorize'])
      expect(reasonOf('linkedin', { error })).toBe('access_denied');
    expect(reasonOf('facebook', { reason: 'user_denied' })).toBe('access_denied');
  });
});
