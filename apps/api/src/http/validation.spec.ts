import { describe, expect, it } from '@jest/globals';
import type { CodedError } from '#observability';
import { z } from 'zod';
import { text } from '#accounts';
import { idField, limit } from './fields.js';
import { invalid, validationPipe } from './validation.js';

const schema = z.strictObject({
  name: text(5),
  record: z.record(z.string().regex(/^[a-z]$/, 'has a key that is no letter'), z.string()).optional(),
  inner: z.strictObject({ count: z.int() }).optional(),
  id: idField('acc').optional(),
});

const check = async (value: unknown): Promise<CodedError> =>
  validationPipe()
    .transform(value, { type: 'body', schema })
    .then(
      () => {
        throw new Error('it was accepted');
      },
      (error: unknown) => error as CodedError,
    );

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('validation', () => {
  it.each([
    ['an unknown field', { name: 'a', nmae: 'b' }, 'nmae', 'is not a known field'],
    ['an unknown field within', { name: 'a', inner: { count: 1, more: 2 } }, 'inner.more', 'is not a known field'],
    ['a missing field', {}, 'name', 'is needed'],
    ['a wrong type', { name: 'a', inner: { count: '1' } }, 'inner.count', 'must be of the type number'],
    ['only spaces', { name: '   ' }, 'name', 'must not be empty'],
    ['a control character', { name: 'a\u0007b' }, 'name', 'must not contain control characters'],
    ['a line separator', { name: 'a\u2028b' }, 'name', 'must not contain control characters'],
    ['a lone surrogate', { name: 'a\ud800' }, 'name', 'must be well-formed Unicode'],
    ['only invisible characters', { name: '\u200b\u2060\u00ad\u3164' }, 'name', 'must not be empty'],
    [
      'an override of the writing direction',
      { name: 'a\u202eb' },
      'name',
      'must not contain overrides of the writing direction',
    ],
    ['too much text', { name: 'abcdef' }, 'name', 'must be at most 5 characters'],
    ['a broken id', { name: 'a', id: 'oa_1' }, 'id', 'must be an id that begins with acc_'],
    [
      'a wrong key of a record',
      { name: 'a', record: { '\u0000': 'b' } },
      'record.\ufffd',
      'has a key that is no letter',
    ],
    ['an empty name', { name: 'a', '': 1 }, '(empty name)', 'is not a known field'],
    ['no object', 'text', 'body', 'must be of the type object'],
    ['nothing', undefined, 'body', 'is needed'],
  ])('names the field for %s', async (_what, value, field, message) => {
    const error = await check(value);
    expect(error.code).toBe('validation.failed');
    expect(error.fields).toContainEqual({ field, message: message });
  });

  it('never repeats what it was given', async () => {
    const error = await check({ name: 'hunter2-hunter2', secret: 'hunter2', id: 'hunter2' });
    expect(JSON.stringify([error.message, error.fields])).not.toContain('hunter2');
  });

  it('names a field once in the detail when several rules refuse it', () => {
    const error = invalid([
      { field: 'name', message: 'must not be empty' },
      { field: 'name', message: 'must not contain control characters' },
    ]);
    expect(error.message).toBe('name: must not be empty.');
  });

  it.each([
    ['an API key', `dra_test_${'aB3dE5fG7h'.repeat(5)}`],
    ['a token of letters', 'EAAGm'.repeat(12)],
    ['a short token', 'aB3dE5fG7hI9jK1l'],
    ['a token with separators', 'act.aB3dE5fG7hI9jK1l-mN2oP4qR6sT8u!6348'],
    ['a JWT', [{ alg: 'ES256' }, { sub: 'workspace', exp: 1 }].map((part) => base64(JSON.stringify(part))).join('.')],
    ['a UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['base64', base64('a secret of 1 customer')],
    ['hexadecimal digits', 'deadbeefcafe0123'],
  ])('does not repeat %s in the place of a name', async (_, secret) => {
    const [known, parts] = [{ name: 'a', inner: { count: 1 } }, secret.split('.').filter(({ length }) => length > 4)];
    for (const body of [
      { ...known, [secret]: 'x' },
      { ...known, inner: { count: 1, [secret]: 1 } },
      { ...known, record: { [secret]: 'x' } },
    ]) {
      const error = await check(body);
      const text = JSON.stringify([error.message, error.fields]);
      expect(parts.filter((part) => text.includes(part))).toEqual([]);
      expect(text).toMatch(/\(name of \d+ characters\)/);
    }
  });

  it.each(['nmae', 'oauth_app_id2', 'socialAccountIds', 'allowed-return-urls', 'redirect_uri_style', 'p256dh'])(
    'repeats a name that may be misspelt: %s',
    async (name) => {
      expect((await check({ name: 'a', [name]: 1 })).fields).toEqual([
        { field: name, message: 'is not a known field' },
      ]);
    },
  );

  it('lists at most 50 problems, and names of at most 100 characters', async () => {
    const error = await check(
      Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`${'n'.repeat(200)}${at}\n`, 1])),
    );
    expect([error.fields.length, error.message]).toEqual([50, '61 fields are not valid.']);
    expect(error.fields.every(({ field }) => field.length <= 100)).toBe(true);
  });

  it('trims text and reads ids', async () => {
    const read: unknown = await validationPipe().transform(
      { name: ' a ', id: 'acc_01h455vb4pex5vsknk084sn02q' },
      { type: 'body', schema },
    );
    expect(read).toEqual({ name: 'a', id: '01890a5d-ac96-774b-bcce-b302099a8057' });
  });

  it.each([
    ['1', 1],
    ['100', 100],
    [undefined, 50],
  ])('takes %j as a limit', (given, expected) => {
    expect(limit.parse(given)).toBe(expected);
  });

  it.each(['0', '101', '-1', '1.5', '1e1', '', ' 5', '0x10', 'abc', ['5']])('does not take %j as a limit', (given) => {
    expect(limit.safeParse(given).success).toBe(false);
  });
});
