import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROVIDER_NAMES } from '#providers';
import { landingUrl, reasonOf } from './landing.js';

const BASE = 'https://app.example/done';

describe('where the browser lands', () => {
  it.each([
    ['success', { connected: 'anywhere' }, '?connected=anywhere'],
    ['failure', { oauth_error: 'access_denied' }, '?oauth_error=access_denied'],
  ])('tells of %s', (_what, ending, query) => {
    expect(landingUrl(BASE, ending)).toBe(`${BASE}${query}`);
  });

  it('keeps the query that was there, letter by letter: somebody may have signed it', () => {
    const query = "flag&a=b%20c+d&empty=&a=~!*'()&sig=A%2fb%2B==&u=%C3%A4";
    const base = new URL(`${BASE}?${query}`).href;
    expect(landingUrl(base, { connected: 'anywhere' })).toBe(`${base}&connected=anywhere`);
  });

  it('replaces names of ours, however often and however they are written there', () => {
    const base = `${BASE}?connected=evil&a=1&connected=evil&oauth_error=x&connect_token=t&selection_required=y&%63onnected=evil&b=2`;
    expect(landingUrl(base, { oauth_error: 'state_expired' })).toBe(`${BASE}?a=1&b=2&oauth_error=state_expired`);
  });

  it('keeps names that only look like ours', () => {
    expect(landingUrl(`${BASE}?connected_at=1&Connected=2`, { connected: 'anywhere' })).toBe(
      `${BASE}?connected_at=1&Connected=2&connected=anywhere`,
    );
  });

  it.each([`${BASE}?`, `${BASE}?&`, `${BASE}?connected=x`])('has one clean query where %s had none', (base) => {
    expect(landingUrl(base, { connected: 'anywhere' })).toBe(`${BASE}?connected=anywhere`);
  });

  it('tells exactly one ending, whatever stood in the query', () => {
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

describe('an error that a platform sends back', () => {
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
  ])('as %j is %s for the client', (error, reason) => {
    expect(reasonOf(provider, { error })).toBe(reason);
  });

  it('is a no by the words that each platform has for it', () => {
    for (const name of PROVIDER_NAMES) expect(reasonOf(name, { error: 'access_denied' })).toBe('access_denied');
    expect(reasonOf('a platform of yesterday', { error: 'access_denied' })).toBe('exchange_failed');
  });

  it.each(['facebook', 'instagram'])(
    "and that is a number without `error`, as %s sends it, is the app owner's matter unless it passes",
    (name) => {
      for (const code of ['901', '1349126', '1349048', '191', 'abc'])
        expect(reasonOf(name, { code })).toBe('app_misconfigured');
      for (const code of ['1', '2', '4']) expect(reasonOf(name, { code })).toBe('provider_unavailable');
      expect(reasonOf(name, { code: '200', reason: 'user_denied' })).toBe('access_denied');
      expect(reasonOf(name, { error: 'server_error', code: '901' })).toBe('provider_unavailable');
    },
  );

  it('is a no by each word that a platform has for it', () => {
    for (const error of ['user_cancelled_login', 'user_cancelled_authorize'])
      expect(reasonOf('linkedin', { error })).toBe('access_denied');
    expect(reasonOf('facebook', { reason: 'user_denied' })).toBe('access_denied');
  });
});
