import { describe, expect, it } from '@jest/globals';
import { type Method, providerOf } from '#providers';
import { checkApiTarget, checkProviderCall } from './api-target.js';

const NOT_ALLOWED = expect.objectContaining({ code: 'proxy.path_not_allowed' });
const check = (target: string): void => {
  checkApiTarget(target);
};

describe('a path below the API of a provider', () => {
  it.each([
    '2/users/me',
    '2/users/me?user.fields=profile_image_url,name',
    'v25.0/me/feed',
    'v25.0/me?fields=id,name,picture{url}&limit=5',
    'rest/posts/urn%3Ali%3Ashare%3A7',
    'v2/people/(id:{abc})?projection=(id)'.replace('{abc}', 'abc'),
    'rest/posts?q=author&author=urn%3Ali%3Aperson%3A1&ids=List(a,b)',
    'v2/video/list/',
    'v5/pins/1/analytics?metric_types=IMPRESSION&start_date=2026-11-01',
    '2/tweets/search?query=%22a%22%20from%3A%40b&x=../../etc&next=https://a.example/',
    'v2/a..b/...c/.well-known/~d',
    'search/%C5%BEofie%20%F0%9F%8C%BB',
    '100%25',
  ])('is sent as it is: %s', (target) => {
    expect(() => {
      check(target);
    }).not.toThrow();
  });

  it.each<[what: string, targets: string[]]>([
    ['nothing', ['', '?a=1']],
    ['a dot segment', ['..', '../x', 'a/../b', './a', 'a/.', 'a/..', 'a/..;/b', 'a/.;x/b']],
    ['an encoded dot segment', ['%2e%2e/x', '%2E%2E/x', '.%2e/x', 'a/%2e./b', 'a/%2e', 'a/%2e%2e%3b/b']],
    [
      'a dot segment encoded twice or more',
      ['%252e%252e/x', '%25252e%25252e/x', '%25zz/%252e%252e/x', '%25%32%65%25%32%65/x'],
    ],
    ['a dot segment in overlong UTF-8', ['%c0%ae%c0%ae/x', '%e0%80%ae/x', '%c0%2e/x']],
    [
      'a dot segment in characters that normalize to dots',
      ['%EF%BC%8E%EF%BC%8E/x', 'a/%E2%80%A5/b', '%E2%80%A4%E2%80%A4/b'],
    ],
    ['an encoded slash', ['a%2fb', 'a%2Fb', 'a%252fb', '%2f%2fevil.example/x', 'a%EF%BC%8Fb', 'a%c0%afb']],
    ['a backslash', ['a\\b', '\\\\evil.example', '%5c%5cevil.example/x', 'a%255cb', '..%5c..%5cx', 'a%EF%BC%BCb']],
    [
      'an absolute URL',
      ['https://evil.example/x', 'http:/evil.example', 'HTTPS:evil.example', 'https%3a/x', 'javascript:a'],
    ],
    ['another host', ['/evil.example/x', '//evil.example/x', '///x', 'a//b', 'evil.example/x', 'evil.example:443/x']],
    [
      'a host by its address',
      ['127.0.0.1/x', '169.254.169.254/latest', '[::1]/x', 'localhost:3000/x', 'evil.example.'],
    ],
    ['a user', ['user@evil.example/x', 'user:secret@evil.example/x', '@evil.example', '%40evil.example/x', ':80/x']],
    ['a control character', ['a\r\nb', 'a\tb', 'a\0b', 'a%0d%0ab', 'a%00', 'a%250d%250ab', 'a%09b', '%7f', 'a%C2%85b']],
    ['a character that no path has', ['a b', 'a#b', 'a"b', 'a<b>', 'ž', 'a|b', 'a%', 'a%2', 'a%zz', 'a{b}']],
    ['a percent-encoding that is no UTF-8', ['%ff', '%e2%82', '%ed%a0%80']],
    [
      'a token endpoint',
      ['2/oauth2/token', 'oauth/access_token', 'v25.0/oauth/access_token', 'v2/OAuth/token/', '2/%6fauth2/revoke'],
    ],
    ['a call that extends a token', ['refresh_access_token?grant_type=ig_refresh_token', 'access_token?x=1']],
    ['a character that no query has', ['a?b c', 'a?b#c', 'a?b"', 'a?b\\c', 'a?ž', 'a?%zz', 'a?\r\nHost:b', 'a?%']],
  ])('is refused with %s', (_what, targets) => {
    for (const target of targets) {
      const refusal = (): unknown => {
        try {
          check(target);
          return `taken: ${JSON.stringify(target)}`;
        } catch (error) {
          return error;
        }
      };
      expect(refusal()).toEqual(NOT_ALLOWED);
    }
  });
});

describe('a query for the API of a provider', () => {
  const x = providerOf('x');

  it.each(['a', 'a?access=token', 'a?q=access_token', 'a?q=1&fields=token', 'a?my_access_token=1'])(
    'is sent without a token: %s',
    (target) => {
      expect(() => {
        checkProviderCall(x, 'GET', target);
      }).not.toThrow();
    },
  );

  it.each([
    'a?access_token=1',
    'a?b=1&access_token=1',
    'a?ACCESS_TOKEN=1',
    'a?access%5ftoken=1',
    'a?%61ccess_token=1',
    'a?access%255ftoken=1',
    'a?access_token[]=1',
    'a?access_token%5B0%5D=1',
    'a?b=1;access_token=1',
    'a?+access_token=1',
    'a?access_token',
    'a?oauth_token=1',
  ])('is refused with a token: %s', (target) => {
    expect(() => {
      checkProviderCall(x, 'GET', target);
    }).toThrow(NOT_ALLOWED);
  });

  it('is refused where the provider has no API for clients', () => {
    const { api: _api, ...none } = x;
    expect(() => {
      checkProviderCall(none, 'GET', 'a');
    }).toThrow(NOT_ALLOWED);
  });

  it.each<[string, Method, string]>([
    ['facebook', 'POST', 'v25.0'],
    ['facebook', 'POST', 'v25.0/'],
    ['facebook', 'GET', 'v25.0?batch=[]'],
    ['facebook', 'DELETE', 'v25.0/me/permissions'],
    ['facebook', 'DELETE', '1000/permissions/pages_manage_posts'],
    ['facebook', 'DELETE', 'me/%70ermissions'],
    ['instagram', 'DELETE', 'v25.0/me/permissions/'],
    ['facebook', 'POST', 'v25.0/me/permissions'],
    ['facebook', 'POST', 'v25.0/me/feed?method=delete'],
    ['facebook', 'POST', 'v25.0/me?batch=[]'],
    ['facebook', 'GET', 'v25.0/debug_token?input_token=a'],
    ['facebook', 'GET', 'v25.0/me/accounts'],
    ['facebook', 'GET', 'me/accounts/?limit=5'],
    ['facebook', 'GET', 'v25.0/me/accounts?fields=id,access_token'],
    ['facebook', 'GET', 'v25.0/me?fields=accounts'],
    ['facebook', 'GET', 'v25.0/me?fields=id,accounts.limit(5)'],
    ['facebook', 'GET', 'v25.0/me?fields=accounts%7Bid,access%255ftoken%7D'],
    ['facebook', 'GET', 'v25.0/1000?fields=access_token.as(a)'],
    ['facebook', 'GET', 'v25.0/?ids=1,2&fields=access_token'],
    ['instagram', 'GET', 'v25.0/me?fields=id,access_token'],
  ])('is refused at %s where it would revoke, spend or read tokens: %s %s', (provider, method, target) => {
    expect(() => {
      checkProviderCall(providerOf(provider), method, target);
    }).toThrow(NOT_ALLOWED);
  });

  it.each<[Method, string]>([
    ['GET', 'v25.0/me/permissions'],
    ['DELETE', 'v25.0/1000_2000'],
    ['POST', 'v25.0/me/feed'],
    ['GET', 'v25.0/me/accounts?fields=id,name'],
    ['GET', 'v25.0/me?fields=id,accounts.limit(5){id,name},picture{url}'],
    ['GET', 'v25.0/1000/feed?fields=message&limit=5'],
  ])('is sent where it does none of these: %s %s', (method, target) => {
    expect(() => {
      checkProviderCall(providerOf('facebook'), method, target);
    }).not.toThrow();
  });
});
