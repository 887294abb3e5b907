import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { buildProvider } from '../custom/build-provider.js';
import { customProviderSchema } from '../custom/custom-provider.schema.js';
import type { Identity, TokenOutcome } from '../contract/outcome.js';
import type { Profile, Provider } from '../contract/provider.js';
import type { PushNotice } from '../contract/push.js';
import { PROVIDER_NAMES, providerOf } from '../registry.js';
import { cleanName, cleanNotice, cleanProfilePage } from './platform-values.js';
import { readIdentityAnswer, readProbeAnswer, readTokenAnswer } from './read-answer.js';

/** JSON texts, to be put into an answer as they are. */
interface AnswerFields {
  id: string;
  name?: string;
  avatar?: string;
}

const custom = buildProvider(
  customProviderSchema.parse({
    name: 'acme',
    title: 'Acme',
    authorize: { url: 'https://acme.example/authorize', pkce: true },
    token: { url: 'https://acme.example/token', clientAuthentication: 'client_secret_post' },
    refresh: { mode: 'rotating_strict' },
    identity: {
      url: 'https://acme.example/me',
      id: 'data.id',
      handle: 'data.name',
      name: 'data.name',
      avatar: 'data.avatar',
    },
    scopes: { default: ['read'], required: ['read'] },
  }),
);

/** The identity answer of every platform; each has other names for the same. */
const ANSWERS: Record<string, (fields: Required<AnswerFields>) => string> = {
  x: ({ id, name, avatar }) => `{"data":{"id":${id},"name":${name},"username":${name},"profile_image_url":${avatar}}}`,
  tiktok: ({ id, name, avatar }) =>
    `{"data":{"user":{"open_id":${id},"display_name":${name},"username":${name},"avatar_url":${avatar}}},"error":{"code":"ok"}}`,
  linkedin: ({ id, name, avatar }) => `{"sub":${id},"name":${name},"picture":${avatar}}`,
  instagram: ({ id, name, avatar }) =>
    `{"id":${id},"user_id":${id},"name":${name},"username":${name},"profile_picture_url":${avatar}}`,
  facebook: ({ id, name }) => `{"id":${id},"name":${name}}`,
  pinterest: ({ id, name, avatar }) =>
    `{"id":${id},"username":${name},"business_name":${name},"profile_image":${avatar}}`,
  acme: ({ id, name, avatar }) => `{"data":{"id":${id},"name":${name},"avatar":${avatar}}}`,
};

const platforms = [...PROVIDER_NAMES.map(providerOf), custom].map((provider) => [provider.name, provider] as const);
const answer = (text: string) => ({ status: 200, headers: {}, body: Buffer.from(text) });
const j = JSON.stringify;

function identify(provider: Provider, { id, name = '"Ada"', avatar = 'null' }: AnswerFields): Identity | string {
  const outcome = readIdentityAnswer(provider, answer(ANSWERS[provider.name]!({ id, name, avatar })));
  return outcome.ok ? outcome.identity : outcome.failure.code;
}

it('every platform of the registry is in this table', () => {
  expect(Object.keys(ANSWERS).sort()).toEqual(platforms.map(([name]) => name).sort());
});

describe.each(platforms)('a person at %s', (_name, provider) => {
  const namesOf = (name: string): (string | null)[] => {
    const found = identify(provider, { id: '"1"', name });
    return typeof found === 'string'
      ? [found]
      : [...new Set([found.displayName, found.handle].filter((text) => text !== null))];
  };

  it.each([
    ['a text', '"2244994945"', '2244994945'],
    ['a number', '42', '42'],
    ['the largest number that is exact', '9007199254740991', '9007199254740991'],
    ['a number beyond it', '9007199254740993', '9007199254740993'],
    ['a number of twenty digits', '12345678901234567890', '12345678901234567890'],
    ['a text of 255 digits', j('1'.repeat(255)), '1'.repeat(255)],
  ])('keeps an id exactly that is %s', (_what, id, expected) => {
    expect(identify(provider, { id })).toMatchObject({ platformUserId: expected, platformAccountId: expected });
  });

  it.each([
    ['has 256 characters', j('1'.repeat(256))],
    ['has 10,000 characters', j('1'.repeat(10_000))],
    ['holds NUL', '"a\\u0000b"'],
    ['holds a line break', '"a\\nb"'],
    ['holds a lone surrogate', '"a\\ud800"'],
    ['holds what could not be decoded', '"a\ufffd"'],
    ['is empty', '""'],
    ['is missing', 'null'],
    ['is a fraction', '1.5'],
    ['is a number beyond all numbers', '1e400'],
    ['is an object', '{"of":1}'],
    ['is a boolean', 'true'],
  ])('returns no identity where the id %s', (_what, id) => {
    expect(['unusable_id', 'http_200']).toContain(identify(provider, { id }));
  });

  const expectedOf = (id: string): object | string =>
    provider.ids === 'digits' ? 'unusable_id' : { platformUserId: id, platformAccountId: id };

  it.each([
    ['is 0', '0', '0'],
    ['is a negative number', '-5', '-5'],
    ['is a text with signs and letters', '"-000aB_é.~ 😀"', '-000aB_é.~ 😀'],
    ['begins with 0', '"007"', '007'],
    ['has signs around its digits', '"+1 "', '+1 '],
  ])('is no person where ids are digits and the id %s, and is kept exactly elsewhere', (_what, id, text) => {
    const expected = expectedOf(text);
    const found = identify(provider, { id });
    if (typeof expected === 'string') expect(found).toBe(expected);
    else expect(found).toMatchObject(expected);
  });

  it('is named without control characters and lone surrogates, on one line', () => {
    expect(namesOf('"  A\\u0000d\\u001ba\\n\\tB\\ud800\\u2028\\u0085C\\u007f "')).toEqual(['Ada B\ufffd C']);
  });

  it('keeps a name as it is in any script, with joined emoji and marks', () => {
    for (const name of ['Zoë 李雷 нина', '👩‍👩‍👧‍👦 family', 'עברית العربية', 'e\u0301'])
      expect(namesOf(j(name))).toEqual([name]);
  });

  it('is named without characters that reverse the text beside a name, and with marks that a script needs', () => {
    expect(cleanName('\u202emoc.elpmaxe\u202c \u2067a\u2069')).toBe('moc.elpmaxe a');
    expect(cleanName('a\u200fb')).toBe('a\u200fb');
  });

  it.each(['""', '" "', '"\\u0000"', '"\\u200b\\u200d"', '7', '{}', '[]', 'null', 'false'])(
    'has no name where %s is given for one',
    (name) => {
      expect(namesOf(name)).toEqual([]);
    },
  );

  it('is not named at more than 255 characters, nor within one of them', () => {
    expect(namesOf(j('n'.repeat(10_000)))).toEqual(['n'.repeat(255)]);
    expect(namesOf(j('👩‍👩‍👧‍👦'.repeat(1_000)))).toEqual(['👩‍👩‍👧‍👦'.repeat(23)]);
  });

  it.each([
    ['https://cdn.example/ada.jpg?size=big', 'https://cdn.example/ada.jpg?size=big'],
    ['https://cdn.example/a b"><script>', 'https://cdn.example/a%20b%22%3E%3Cscript%3E'],
    ['http://localhost:3100/_avatars/ada.svg', 'http://localhost:3100/_avatars/ada.svg'],
    ['http://cdn.example/ada.jpg', null],
    ['javascript:alert(1)', null],
    ['\u0000javascript:alert(1)', null],
    ['JaVaScRiPt:alert(1)', null],
    ['data:text/html,x', null],
    ['file:///etc/passwd', null],
    ['//cdn.example/ada.jpg', null],
    ['https://user:word@cdn.example/', null],
    [`https://cdn.example/${'a'.repeat(3_000)}`, null],
    [`https://cdn.example/${'ä'.repeat(1_000)}`, null],
    ['', null],
  ])('has a picture only at an https address of sane length: %s', (avatar, expected) => {
    const found = identify(provider, { id: '"1"', avatar: j(avatar) }) as Identity;
    expect(found.avatarUrl).toBe(
      ANSWERS[provider.name]!({ id: '', name: '', avatar: 'PICTURE' }).includes('PICTURE') ? expected : null,
    );
  });
});

describe.each(platforms)('a token set of %s', (_name, provider) => {
  const tokensOf = (fields: object): TokenOutcome =>
    readTokenAnswer(provider, answer(j({ access_token: 'a', refresh_token: 'r', ...fields })));

  it.each(['a b', 'a\r\nb', 'a\u0000', 'ä', '\ud800', 'a\u007f', ' a', 'a\n', 'a'.repeat(16_385)])(
    'is not read where a token cannot be sent: %j',
    (token) => {
      expect(tokensOf({ access_token: token })).toMatchObject({ ok: false, outcomeUnknown: 'success' });
      expect(tokensOf({ refresh_token: token })).toMatchObject({ ok: false, outcomeUnknown: 'success' });
    },
  );

  it('has tokens of any visible ASCII, up to 16 kB', () => {
    for (const token of ['!"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~', 'a'.repeat(16_384)]) {
      const outcome = tokensOf({ access_token: token, refresh_token: token });
      expect(outcome.ok && [outcome.tokens.accessToken.reveal(), outcome.tokens.refreshToken?.reveal()]).toEqual([
        token,
        token,
      ]);
    }
  });

  it('has at most 64 scopes of at most 255 characters, each once, and does not lose one that an account needs', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `scope_${n}`);
    const outcome = tokensOf({
      scope: [...many, ...many, 'ü', 'a\u0000b', 's'.repeat(256), ...provider.scopes.required],
    });
    if (!outcome.ok) throw new Error('was not read');
    expect(outcome.tokens.scopes).toHaveLength(64);
    expect(outcome.tokens.scopes).toEqual(expect.arrayContaining([...provider.scopes.required]));
    expect(tokensOf({ scope: 'ü a\u0000b one one' })).toMatchObject({ tokens: { scopes: ['one'] } });
  });

  it('grants nothing where the scope is empty, and reads null where there is none', () => {
    expect(tokensOf({ scope: '' })).toMatchObject({ tokens: { scopes: [] } });
    expect(tokensOf({})).toMatchObject({ tokens: { scopes: null } });
  });
});

describe('a list of profiles', () => {
  const profile = {
    platformAccountId: '1',
    handle: 'a\u0000',
    displayName: null,
    avatarUrl: 'javascript:1',
    accessToken: new Secret('t'),
    ineligible: null,
  };
  const clean = (changes: Partial<Profile>, after: string | null = null) =>
    cleanProfilePage({ profiles: [profile, { ...profile, ...changes }], after }, providerOf('facebook'));

  it('has names and pictures that are clean', () => {
    const { profiles, ...rest } = clean({});
    expect(profiles[1]).toMatchObject({ handle: 'a', avatarUrl: null, ineligible: null });
    expect(rest).toEqual({ after: null, unusable: 0 });
  });

  it('offers no profile whose token cannot be sent', () => {
    expect(clean({ accessToken: new Secret('t\n') }).profiles[1]).toMatchObject({
      accessToken: null,
      ineligible: 'task_missing',
    });
  });

  it.each(['', '0', '-5', '007', 'page', '1\u0000', '1'.repeat(256)])(
    'leaves out and counts a profile with the id %j, and keeps the others',
    (platformAccountId) => {
      const { profiles, unusable } = clean({ platformAccountId });
      expect([profiles.map((one) => one.platformAccountId), unusable]).toEqual([['1'], 1]);
    },
  );

  it('is cut off where the next page has no sane name', () => {
    expect(clean({}, 'c'.repeat(9_000))).toMatchObject({ after: null, cutOff: true, unusable: 0 });
  });
});

describe('a probe', () => {
  it('that names a day which no timestamp can hold names none', () => {
    const inspect = (until: number) =>
      readProbeAnswer(providerOf('facebook'), answer(j({ data: { is_valid: true, data_access_expires_at: until } })));
    expect(inspect(1_800_000_000)).toEqual({ ok: true, reauthDueAt: new Date(1_800_000_000_000) });
    for (const until of [1e13, 1e18, 1e300]) expect(inspect(until)).toEqual({ ok: true });
  });

  it('that finds an empty scope finds nothing granted', () => {
    expect(readProbeAnswer(providerOf('linkedin'), answer(j({ active: true, scope: '' })))).toEqual({
      ok: true,
      scopes: [],
    });
    expect(readProbeAnswer(providerOf('linkedin'), answer(j({ active: true })))).toEqual({ ok: true });
  });
});

describe('a push', () => {
  const notice: PushNotice = {
    kind: 'revoked',
    platformUserId: '1',
    reason: 'deauthorized_by_user',
    at: new Date(1_000),
  };

  it('an id that cannot be used yields no person', () => {
    for (const platformUserId of ['', 'a\u0000', '\udc00', 'i'.repeat(256)])
      expect(cleanNotice({ ...notice, platformUserId })).toBeUndefined();
  });

  it('a time that no timestamp can hold yields no time', () => {
    expect([new Date(NaN), new Date(8.64e15), new Date(-1)].map((at) => cleanNotice({ ...notice, at }))).toEqual(
      Array(3).fill({ ...notice, at: null }),
    );
    expect(cleanNotice(notice)).toEqual(notice);
  });
});

describe('a name', () => {
  it('is cut between two code points where one grapheme is longer than all of it may be', () => {
    expect(cleanName(`a${'\u0301'.repeat(10_000)}`)).toBe(`a${'\u0301'.repeat(254)}`);
    expect(cleanName(`👩${'\u200d👩'.repeat(500)}`)).toMatch(/^(👩\u200d)+👩?$/u);
  });

  it('is valid Unicode, short and without control characters, whatever it was', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 600 }),
        fc.array(fc.integer({ min: 0, max: 0xffff })),
        (text, units) => {
          const clean = cleanName(text + String.fromCharCode(...units));
          if (clean === null) return;
          expect(clean).not.toMatch(/[\p{Cc}\p{Cs}]/u);
          expect(clean.length).toBeLessThanOrEqual(255);
          expect(clean).toBe(clean.trim());
        },
      ),
    );
  });
});
