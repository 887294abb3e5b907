import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { basicAuthentication, secretInBody } from './client-authentication.js';

const app = (clientId: string, secret: string): { clientId: string; clientSecret: Secret } => ({
  clientId,
  clientSecret: new Secret(secret),
});
const pairOf = (authorization = ''): string => Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();

describe('client authentication by HTTP Basic', () => {
  it('is Base64 of id and secret with a colon between (RFC 7617 2)', () => {
    expect(basicAuthentication(app('s6BhdRkqt3', 'gX1fBat3bV')).headers).toEqual({
      authorization: 'Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW',
    });
  });

  it('encodes both halves first, so that a colon in one stays in it (RFC 6749 2.3.1)', () => {
    expect(pairOf(basicAuthentication(app('my:id', 'p%ss+word / ä')).headers.authorization)).toBe(
      'my%3Aid:p%25ss%2Bword%20%2F%20%C3%A4',
    );
  });

  it('gives any id and secret back to a server that form-decodes', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(text, text, (id, secret) => {
        const [first = '', second = '', ...more] = pairOf(
          basicAuthentication(app(id, secret)).headers.authorization,
        ).split(':');
        expect(more).toEqual([]);
        expect([...new URLSearchParams(`id=${first}&secret=${second}`).values()]).toEqual([id, secret]);
      }),
    );
  });

  it('has the id in the body too, and the secret only in the header', () => {
    const { headers, form } = basicAuthentication(app('id', 'secret'));
    expect(form).toEqual({ client_id: 'id' });
    expect(Object.keys(headers)).toEqual(['authorization']);
  });
});

describe('client authentication in the body', () => {
  it("has the standard's names unless the platform has others", () => {
    expect(secretInBody()(app('id', 'secret'))).toEqual({
      headers: {},
      form: { client_id: 'id', client_secret: 'secret' },
    });
    expect(secretInBody({ id: 'key', secret: 'word' })(app('id', 'secret'))).toEqual({
      headers: {},
      form: { key: 'id', word: 'secret' },
    });
  });
});
