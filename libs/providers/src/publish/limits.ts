import type { DraftMedia, PostDraft, PostLimit } from '../contract/publish.js';

/** UTF-16 code units, which is how most platforms count. */
const codeUnits = (text: string): number => text.length;

const number = new Intl.NumberFormat('en');

const at = (media: readonly DraftMedia[], breaks: (one: DraftMedia) => boolean): number[] =>
  media.flatMap((one, index) => (breaks(one) ? [index] : []));

export const maxText = (
  most: number,
  {
    count = codeUnits,
    when = () => true,
  }: { count?: (text: string) => number; when?: (post: PostDraft) => boolean } = {},
): PostLimit => ({
  field: 'text',
  message: `must have at most ${number.format(most)} characters`,
  breaks: (post) => when(post) && count(post.text) > most,
});

export const maxMatches = (pattern: RegExp, most: number, what: string): PostLimit => ({
  field: 'text',
  message: `must have at most ${most} ${what}`,
  breaks: ({ text }) => [...text.matchAll(pattern)].length > most,
});

export const textOrMedia: PostLimit = {
  field: 'text',
  message: 'must not be empty without media',
  breaks: ({ text, media }) => text.trim() === '' && media.length === 0,
};

export const needsMedia: PostLimit = {
  field: 'media_urls',
  message: 'must have a picture or a video',
  breaks: ({ media }) => media.length === 0,
};

const countOf = ({ media }: PostDraft, kind: DraftMedia['kind']): number =>
  media.filter((one) => one.kind === kind).length;

export const maxImages = (most: number): PostLimit => ({
  field: 'media_urls',
  message: `must have at most ${most} pictures`,
  breaks: (post) => countOf(post, 'image') > most,
});

export const oneVideo: PostLimit = {
  field: 'media_urls',
  message: 'must have at most one video',
  breaks: (post) => countOf(post, 'video') > 1,
};

export const notMixed: PostLimit = {
  field: 'media_urls',
  message: 'must not have pictures beside a video',
  breaks: (post) => countOf(post, 'video') > 0 && countOf(post, 'image') > 0,
};

const named = { image: 'a picture', video: 'a video' } as const;

export const typesOf = (kind: DraftMedia['kind'], types: readonly string[]): PostLimit => ({
  field: 'media_urls',
  message: `${named[kind]} must be ${types.join(', ')}`,
  breaks: ({ media }) => at(media, (one) => one.kind === kind && one.type !== null && !types.includes(one.type)),
});

const MEGABYTE = 1024 * 1024;

export const maxMegabytes = (
  kind: DraftMedia['kind'],
  most: number,
  concerns: (type: string | null) => boolean = () => true,
): PostLimit => ({
  field: 'media_urls',
  message: `${named[kind]} must have at most ${number.format(most)} MB`,
  breaks: ({ media }) =>
    at(media, (one) => one.kind === kind && concerns(one.type) && (one.bytes ?? 0) > most * MEGABYTE),
});

export const minBytes = (kind: DraftMedia['kind'], least: number): PostLimit => ({
  field: 'media_urls',
  message: `${named[kind]} must have at least ${number.format(least)} bytes`,
  breaks: ({ media }) => at(media, (one) => one.kind === kind && one.bytes !== null && one.bytes < least),
});

export const videoSeconds = (
  least: number,
  most: number,
  when: (post: PostDraft) => boolean = () => true,
): PostLimit => ({
  field: 'media_urls',
  message: `a video must last ${least} to ${most} seconds`,
  breaks: (post) =>
    when(post) ? at(post.media, ({ seconds }) => seconds !== null && (seconds < least || seconds > most)) : false,
});

export const maxAlt = (most: number): PostLimit => ({
  field: 'media_alt',
  message: `must have at most ${number.format(most)} characters`,
  breaks: ({ media }) => at(media, ({ alt }) => alt.length > most),
});

const ofOption = (field: string, message: string, breaks: (value: unknown, post: PostDraft) => boolean): PostLimit => ({
  field,
  option: true,
  message,
  breaks: (post) => breaks(post.options[field], post),
});

export const requiredOption = (name: string): PostLimit =>
  ofOption(name, 'is required', (value) => value === undefined || value === '');

export const enumOption = (name: string, values: readonly string[]): PostLimit =>
  ofOption(name, `must be ${values.join(', ')}`, (value) => value !== undefined && !values.includes(value as string));

export const booleanOption = (name: string): PostLimit =>
  ofOption(name, 'must be true or false', (value) => value !== undefined && typeof value !== 'boolean');

export const textOption = (name: string, most: number, pattern = /^/): PostLimit =>
  ofOption(name, `must be a text of at most ${number.format(most)} characters in its format`, (value) =>
    value === undefined ? false : typeof value !== 'string' || value.length > most || !pattern.test(value),
  );

/** An option whose meaning depends on the rest of the post. */
export const optionFits = (
  name: string,
  message: string,
  fits: (value: unknown, post: PostDraft) => boolean,
): PostLimit => ofOption(name, message, (value, post) => value !== undefined && !fits(value, post));

export const knownOptions = (names: readonly string[]): PostLimit => ({
  field: '*',
  option: true,
  message: `must be of ${names.join(', ')}`,
  breaks: ({ options }) => Object.keys(options).some((name) => !names.includes(name)),
});
