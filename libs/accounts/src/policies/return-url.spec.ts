import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allowReturnUrl, parseAllowedUrl, parseReturnUrl } from './return-url.js';

const hrefOf = (text: string, ...allowed: string[]): string | undefined => {
  const result = allowReturnUrl(text, allowed, 'live');
  return 'href' in result ? result.href : undefined;
};
const refusalOf = (text: string, read = parseReturnUrl): string | undefined => {
  const result = read(text);
  return 'refusal' in result ? result.refusal : undefined;
};
const APP = 'https://app.example';
const nested = (depth: number): string => `${APP}/${'a'.repeat(depth - APP.length - 1)}`;

describe('a return URL', () => {
  it.each([
    APP,
    `${APP}/`,
    `${APP}/done?from=us&n=1`,
    `${APP}/a/b/c`,
    `${APP}/a%20b/%C3%A4`,
    `${APP}/.well-known/done`,
    `${APP}/..a/b../...`,
    `${APP}/a;b=c/d`,
    `${APP}/done?next=%2Fhome%5C..%25`,
    `${APP}:8443/done`,
    'HTTPS://APP.EXAMPLE/done',
    'https://bücher.example/done',
    'https://[2001:db8::1]/done',
    'https://app_1.example/',
    `${APP}/done?q=%C3%A4*+%25zz&r=%E2%80%AE`,
    `${APP}/a*b`,
    'http://localhost/done',
    'http://localhost:3000/done',
    'http://LOCALHOST:3000/done',
    'http://127.0.0.1:3000/done',
    'http://127.8.9.10/done',
    'http://[::1]:3000/done',
    nested(2_048),
  ])('may be %s', (text) => {
    expect(refusalOf(text)).toBeUndefined();
  });

  it.each([
    ['http off loopback', 'http://app.example/done', 'https'],
    ['http on a name that only begins like loopback', 'http://localhost.app.example/done', 'https'],
    ['http on an address that only begins like loopback', 'http://127.0.0.1.app.example/done', 'https'],
    ['http on localhost with a trailing dot', 'http://localhost./done', 'https'],
    ['http on every address', 'http://0.0.0.0/done', 'https'],
    ['http on a private address', 'http://10.0.0.1/done', 'https'],
    ['another scheme', 'ftp://app.example/done', 'absolute'],
    ['a script', 'javascript:alert(1)', 'absolute'],
    ['a script that looks like an origin', 'javascript://app.example/%0aalert(1)', 'absolute'],
    ['data', 'data:text/html,hello', 'absolute'],
    ['nothing', '', 'absolute'],
    ['a path', '/done', 'absolute'],
    ['a path that is a host to some', '//evil.example/done', 'absolute'],
    ['no //', 'https:app.example/done', 'absolute'],
    ['one /', 'https:/app.example/done', 'absolute'],
    ['three /', 'https:///app.example/done', 'absolute'],
    ['no host', 'https://', 'absolute'],
    ['a query for a host', 'https://?app.example', 'absolute'],
    ['a host with a space', 'https://app .example/', 'white space'],
    ['an encoded slash in the host', 'https://app.example%2f.evil.example/', 'absolute'],
    ['a port that is none', 'https://app.example:99999/', 'absolute'],
    ['an address with a zone', 'https://[fe80::1%25eth0]/', 'absolute'],
    ['a user', 'https://user@app.example/done', 'user information'],
    ['user and password', 'https://app.example:443@evil.example/done', 'user information'],
    ['an empty user', 'https://@app.example/done', 'user information'],
    ['a user behind a backslash', 'https://evil.example\\@app.example/done', 'user information'],
    ['a backslash after the host', 'https://app.example\\done', 'backslash'],
    ['backslashes for slashes', 'https:\\\\app.example\\done', 'absolute'],
    ['a backslash in the path', 'https://app.example/a\\b', 'backslash'],
    ['a backslash in the query', 'https://app.example/a?b=\\evil', 'backslash'],
    ['an encoded backslash', 'https://app.example/a%5Cb', 'path'],
    ['an encoded slash', 'https://app.example/a%2Fb', 'path'],
    ['an encoded slash in lower case', 'https://app.example/a%2f..%2fb', 'path'],
    ['an encoded percent sign', 'https://app.example/a%252fb', 'path'],
    ['a dot segment', 'https://app.example/a/./b', 'path'],
    ['a double dot segment', 'https://app.example/a/../b', 'path'],
    ['a double dot at the end', 'https://app.example/a/..', 'path'],
    ['an encoded dot segment', 'https://app.example/a/%2e/b', 'path'],
    ['an encoded double dot segment', 'https://app.example/a/%2E%2e/b', 'path'],
    ['half encoded dots', 'https://app.example/a/.%2e', 'path'],
    ['dots with a parameter', 'https://app.example/a/..;/b', 'path'],
    ['dots with a named parameter', 'https://app.example/a/..;x=1/b', 'path'],
    ['encoded dots with a parameter', 'https://app.example/a/%2e%2e;/b', 'path'],
    ['half encoded dots with a parameter', 'https://app.example/a/.%2e;x/b', 'path'],
    ['an encoded zero', 'https://app.example/a%00b', 'path'],
    ['an encoded line break', 'https://app.example/a%0d%0ab', 'path'],
    ['an encoded control character', 'https://app.example/a%1fb', 'path'],
    ['an encoded delete', 'https://app.example/a%7fb', 'path'],
    ['an overlong dot', 'https://app.example/%c0%ae%c0%ae/b', 'UTF-8'],
    ['half a character', 'https://app.example/a%C3', 'UTF-8'],
    ['an encoded surrogate', 'https://app.example/%ED%A0%80', 'UTF-8'],
    ['an escape of nothing', 'https://app.example/a%zz', 'UTF-8'],
    ['a percent sign alone', 'https://app.example/100%', 'UTF-8'],
    ['an encoded control character of the second kind', 'https://app.example/a%C2%85b', 'path'],
    ['an encoded line separator', 'https://app.example/a%E2%80%A8b', 'path'],
    ['an encoded override of the writing direction', 'https://app.example/a%E2%80%AEb', 'path'],
    ['a dot with a parameter', 'https://app.example/a/.;x/b', 'path'],
    ['an encoded semicolon after dots', 'https://app.example/a/..%3b/b', 'path'],
    ['bytes in its query that are no UTF-8', 'https://app.example/a?b=%ff', 'UTF-8 in its query'],
    ['an overlong dot in its query', 'https://app.example/a?b=%C0%AE', 'UTF-8 in its query'],
    ['a name in its query that is no UTF-8', 'https://app.example/a?%e4=b', 'UTF-8 in its query'],
    ['an escape of nothing in its query', 'https://app.example/a?b=100%', 'UTF-8 in its query'],
    ['an encoded zero in its query', 'https://app.example/a?b=%00', 'control characters in its query'],
    ['an encoded line break in its query', 'https://app.example/a?b=c%0D%0Ad', 'control characters in its query'],
    [
      'an encoded control character in the name of a parameter',
      'https://app.example/a?%1b=c',
      'control characters in its query',
    ],
    [
      'an encoded control character of the second kind in its query',
      'https://app.example/a?b=%C2%85',
      'control characters in its query',
    ],
    ['an encoded letter in the host', 'https://%61pp.example/', 'host'],
    ['an encoded dot in the host', 'https://app%2eexample/', 'host'],
    ['an encoded control character in the host', 'https://app%07.example/', 'absolute'],
    ['a lone surrogate', 'https://app.example/a\ud800b', 'Unicode'],
    ['a control character of the second kind', 'https://app.example/a\u0085b', 'white space'],
    ['a line separator', 'https://app.example/a\u2028b', 'white space'],
    ['a no-break space', 'https://app.example/a\u00a0b', 'white space'],
    ['port 0', 'https://app.example:0/', 'port'],
    ['port 0 on loopback', 'http://localhost:0/', 'port'],
    ['a host with a wildcard', 'https://*.app.example/', 'host'],
    ['a host with a comma', 'https://app,example/', 'host'],
    ['a host with an apostrophe', "https://app'.example/", 'host'],
    ['a host with an empty label', 'https://app..example/', 'host'],
    ['a host that begins with a dot', 'https://.example/', 'host'],
    ['dots for a host', 'https://../', 'host'],
    ['a host of 254 characters', `https://${'a.'.repeat(126)}aa/`, 'host'],
    ['a broken international name', 'https://xn--a/', 'absolute'],
    ['a tab', 'https://app.example/a\tb', 'white space'],
    ['a tab in the scheme', 'ht\ttps://app.example/', 'white space'],
    ['a line break', 'https://app.example/a\r\nb', 'white space'],
    ['a zero', 'https://app.example/\u0000', 'white space'],
    ['a delete', 'https://app.example/\u007f', 'white space'],
    ['a space before', ' https://app.example/', 'white space'],
    ['a fragment', 'https://app.example/done#there', 'fragment'],
    ['an empty fragment', 'https://app.example/done#', 'fragment'],
    ['a fragment after the host', 'https://app.example#@evil.example/', 'fragment'],
    ['2,049 characters', nested(2_049), '2048'],
    ['more than 2,048 once it is encoded', `${APP}/${'ä'.repeat(1_000)}`, '2048'],
  ])('may not have %s', (_what, text, why) => {
    expect(refusalOf(text)).toContain(why);
    expect(hrefOf(text, `${APP}/`, 'http://localhost/')).toBeUndefined();
  });

  it('is refused with a sentence that fits behind the name of a field', () => {
    for (const text of ['', 'https://a@b', 'https://a/#']) expect(refusalOf(text)).toMatch(/^must [a-z].*[^.]$/);
  });
});

describe('an entry of the list', () => {
  it.each([`${APP}/connect?x=1`, `${APP}/?`, `${APP}?`])('may not have a query, as %s', (text) => {
    expect(refusalOf(text, parseAllowedUrl)).toBe('must not have a query');
  });

  it.each(['http://app.example/', `${APP}/a/../b`, `${APP}/#`, 'https://user@app.example/', `${APP}/%2f`])(
    'obeys the rules of return URLs, unlike %s',
    (text) => {
      expect(refusalOf(text, parseAllowedUrl)).toBeDefined();
      expect(refusalOf(text, parseAllowedUrl)).toBe(refusalOf(text));
    },
  );

  it.each([`${APP}/*`, `${APP}/connect*`, `${APP}/%2A`, 'https://*.app.example/', 'https://*/', 'http://localhost:*/'])(
    'has no wildcards, unlike %s',
    (text) => {
      expect(refusalOf(text, parseAllowedUrl)).toBe('must not contain *: an entry covers all that is below its path');
    },
  );

  it('is kept as it reads after parsing', () => {
    expect(parseAllowedUrl('HTTPS://APP.example:443')).toMatchObject({ url: new URL('https://app.example/') });
  });
});

describe('a return URL that is held against the list', () => {
  it.each([
    ['the entry itself', `${APP}/connect`, `${APP}/connect`],
    ['what continues it at a slash', `${APP}/connect/done`, `${APP}/connect`],
    ['its folder', `${APP}/connect/`, `${APP}/connect`],
    ['any query', `${APP}/connect?user=1`, `${APP}/connect`],
    ['what stands below an entry that ends in a slash', `${APP}/connect/done`, `${APP}/connect/`],
    ['everything below /', `${APP}/any/where`, `${APP}/`],
    ['everything below an origin', `${APP}/any/where`, APP],
    ['the origin itself', APP, APP],
    ['a double slash below /', `${APP}//evil.example`, `${APP}/`],
    ['another case of the host', 'https://APP.Example/connect', `${APP}/connect`],
    ['the default port', `${APP}:443/connect`, `${APP}/connect`],
    ['the default port in the entry', `${APP}/connect`, `${APP}:443/connect`],
    ['an empty port', `${APP}:/connect`, `${APP}/connect`],
    ['loopback with its port', 'http://localhost:3000/connect', 'http://localhost:3000/'],
    ['loopback by number', 'http://127.1:3000/connect', 'http://127.0.0.1:3000/'],
    ['a name beyond ASCII', 'https://bücher.example/connect', 'https://xn--bcher-kva.example/'],
  ])('may be %s', (_what, text, entry) => {
    expect(hrefOf(text, entry)).toBe(new URL(text).href);
  });

  it.each([
    ['a path that only begins like the entry', `${APP}/connected`, `${APP}/connect`],
    ['the folder above', `${APP}/`, `${APP}/connect`],
    ['the entry without its last slash', `${APP}/connect`, `${APP}/connect/`],
    ['another case of the path', `${APP}/Connect`, `${APP}/connect`],
    ['another spelling of the path', `${APP}/%63onnect`, `${APP}/connect`],
    ['a double slash before the path', `${APP}//connect`, `${APP}/connect`],
    ['a parameter behind the path', `${APP}/connect;x/done`, `${APP}/connect`],
    ['another host', 'https://evil.example/connect', `${APP}/connect`],
    ['a host below', 'https://sub.app.example/connect', `${APP}/`],
    ['a host that begins like it', 'https://app.example.evil.example/connect', `${APP}/`],
    ['a host that ends like it', 'https://evilapp.example/connect', `${APP}/`],
    ['a trailing dot', 'https://app.example./connect', `${APP}/`],
    ['another port', `${APP}:8443/connect`, `${APP}/`],
    ['another port on loopback', 'http://localhost:3001/', 'http://localhost:3000/'],
    ['another name of loopback', 'http://127.0.0.1:3000/', 'http://localhost:3000/'],
    ['another scheme', 'http://localhost/', 'https://localhost/'],
    ['a name that only looks alike', 'https://аpp.example/', `${APP}/`],
  ])('may not be %s', (_what, text, entry) => {
    expect(refusalOf(text)).toBeUndefined();
    expect(allowReturnUrl(text, [entry], 'live')).toEqual({
      refusal: "is not covered by the app's allowed_return_urls",
    });
  });

  it('is allowed by any entry, and by no entry where there is none', () => {
    expect(hrefOf(`${APP}/b`, `${APP}/a`, `${APP}/b`)).toBe(`${APP}/b`);
    expect(hrefOf(`${APP}/b`)).toBeUndefined();
  });

  it.each([
    ['HTTPS://APP.example:443/Done?q=ä', `${APP}/Done?q=%C3%A4`],
    [APP, `${APP}/`],
    ['https://bücher.example/ö', 'https://xn--bcher-kva.example/%C3%B6'],
    ['https://ａpp.example/', `${APP}/`],
    [`${APP}/a'b"c?d'e`, `${APP}/a'b%22c?d%27e`],
  ])('leaves as it reads after parsing: %s', (text, href) => {
    expect(hrefOf(text, `${APP}/`, 'https://bücher.example/')).toBe(href);
  });

  it.each([
    'http://localhost:4321/done',
    'http://localhost/',
    'http://127.0.0.1:1/',
    'http://127.8.9.10:65535/a?b=c',
    'http://[::1]:8080/',
    'https://localhost:8443/',
  ])('needs no entry in the environment test when its host is loopback: %s', (text) => {
    expect(allowReturnUrl(text, [], 'test')).toEqual({ href: new URL(text).href });
    expect(allowReturnUrl(text, [], 'live')).toEqual({ refusal: "is not covered by the app's allowed_return_urls" });
  });

  it.each([
    `${APP}/`,
    'http://localhost.app.example/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://localhost.:80/',
    'http://localhost:80/a/../b',
    'http://user@localhost/',
    'http://localhost/#there',
    'http://localhost@app.example/',
    'https://127.0.0.1.app.example/',
  ])('needs an entry, or is malformed, in the environment test too: %s', (text) => {
    expect(allowReturnUrl(text, [], 'test')).toHaveProperty('refusal');
  });

  it('is read alike before and after: what is emitted is allowed again, and is the same', () => {
    const part = fc.string({
      unit: fc.constantFrom(
        '/',
        '.',
        ';',
        '%2e',
        '%2f',
        '%5c',
        '\\',
        '@',
        ':',
        '?',
        '#',
        'a',
        'ä',
        ' ',
        '\t',
        '%',
        '%00',
        '//',
        '..',
      ),
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, part, (before, after) => {
        const href = hrefOf(`https://${before}app.example${after}`, `${APP}/`);
        fc.pre(href !== undefined);
        const { origin, pathname } = new URL(href);
        expect(origin).toBe(APP);
        expect(hrefOf(href, `${APP}/`)).toBe(href);
        expect(href).not.toMatch(/[\\#\s]/);
        expect(pathname).not.toMatch(/%(2f|5c|25|00)|\/(\.|%2e){1,2}(\/|$)|(\.|%2e){2};/i);
      }),
      { numRuns: 300 },
    );
  });
});
