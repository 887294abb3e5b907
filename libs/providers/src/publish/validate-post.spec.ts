import { describe, expect, it } from '@jest/globals';
import type { DraftMedia } from '../contract/publish.js';
import { PROVIDER_NAMES, providerOf } from '../registry.js';
import { type PostRequest, validatePost } from './validate-post.js';

const image = (over: Partial<DraftMedia> = {}): DraftMedia => ({
  kind: 'image',
  type: 'image/jpeg',
  bytes: 1_000,
  seconds: null,
  alt: '',
  ...over,
});
const video = (over: Partial<DraftMedia> = {}): DraftMedia =>
  image({ kind: 'video', type: 'video/mp4', bytes: 100_000, seconds: 10, ...over });
const images = (count: number): DraftMedia[] => Array.from({ length: count }, () => image());
const MB = 1024 * 1024;

/** A post that each platform takes. */
const OPTIONS: Record<string, object> = { tiktok: { privacy_level: 'SELF_ONLY' }, pinterest: { board_id: '1' } };

interface Part {
  text?: string;
  media?: DraftMedia[];
  options?: Record<string, unknown>;
}

function check(provider: string, { text = 'a text', media = [image()], options = {} }: Part): string[] {
  const post: PostRequest = { text, media, providerOptions: { [provider]: { ...OPTIONS[provider], ...options } } };
  const target = { provider, accountId: 'acc_1', publish: providerOf(provider).publish! };
  return validatePost(post, [target]).map(({ field, message }) => `${field} ${message}`);
}

const allowed: [string, Part][] = [
  ...PROVIDER_NAMES.flatMap((name): [string, Part][] => [
    [name, {}],
    [name, { media: [video()] }],
    [name, { media: [image({ bytes: null, type: null })] }],
  ]),
  ['x', { text: 'a'.repeat(280), media: images(4) }],
  ['x', { text: `${'a'.repeat(256)} https://shop.example/${'b'.repeat(99)}`, media: [] }],
  ['linkedin', { text: 'a'.repeat(3_000), media: images(20) }],
  ['facebook', { text: 'a'.repeat(63_206), media: images(10) }],
  [
    'instagram',
    { text: `${'#a '.repeat(30)}${'@b '.repeat(20)}`, media: images(10), options: { media_type: 'carousel' } },
  ],
  ['tiktok', { text: 'a'.repeat(4_000), media: images(35) }],
  ['pinterest', { text: 'a'.repeat(800), media: images(5), options: { title: 'a'.repeat(100) } }],
];

const common: [string, Part, string][] = [
  ['media_urls', { media: [video(), video()] }, 'at most one video'],
  ['media_urls', { media: [video(), image()] }, 'pictures beside a video'],
  ['media_urls.0', { media: [image({ type: 'image/bmp' })] }, 'a picture must be'],
  ['media_urls.1', { media: [image(), image({ type: 'image/tiff' })] }, 'a picture must be'],
  ['media_urls.0', { media: [video({ type: 'video/x-msvideo' })] }, 'a video must be'],
  ['provider_options.<provider>', { options: { colour: 'red' } }, 'must be of'],
];

const broken: [string, string, Part, string][] = [
  ...PROVIDER_NAMES.flatMap((name) =>
    common.map(([field, part, words]): [string, string, Part, string] => [
      name,
      field.replace('<provider>', name),
      part,
      words,
    ]),
  ),
  ...['x', 'linkedin', 'facebook'].map((name): [string, string, Part, string] => [
    name,
    'text',
    { text: ' ', media: [] },
    'without media',
  ]),
  ...['instagram', 'tiktok', 'pinterest'].map((name): [string, string, Part, string] => [
    name,
    'media_urls',
    { media: [] },
    'must have a picture or a video',
  ]),
  ['x', 'text', { text: 'a'.repeat(281) }, '280'],
  ['x', 'text', { text: '漢'.repeat(141) }, '280'],
  ['x', 'text', { text: '$ABC and $DEF' }, '1 cashtag'],
  ['x', 'media_urls', { media: images(5) }, '4 pictures'],
  ['x', 'media_urls', { media: [image(), image({ type: 'image/gif' })] }, 'beside a GIF'],
  ['x', 'media_urls.0', { media: [image({ bytes: 5 * MB + 1 })] }, '5 MB'],
  ['x', 'media_urls.0', { media: [image({ type: 'image/gif', bytes: 15 * MB + 1 })] }, '15 MB'],
  ['x', 'media_urls.0', { media: [video({ bytes: 512 * MB + 1 })] }, '512 MB'],
  ['x', 'media_urls.0', { media: [video({ seconds: 141 })] }, '0.5 to 140'],
  ['x', 'media_alt.0', { media: [image({ alt: 'a'.repeat(1_001) })] }, '1,000'],
  ['x', 'provider_options.x.reply_settings', { options: { reply_settings: 'all' } }, 'mentionedUsers'],
  ['linkedin', 'text', { text: 'a'.repeat(3_001) }, '3,000'],
  ['linkedin', 'text', { text: '('.repeat(1_501) }, '3,000'],
  ['linkedin', 'media_urls', { media: images(21) }, '20 pictures'],
  ['linkedin', 'media_urls.0', { media: [video({ bytes: 70_000 })] }, '76,800 bytes'],
  ['linkedin', 'media_urls.0', { media: [video({ bytes: 501 * MB })] }, '500 MB'],
  ['linkedin', 'media_urls.0', { media: [video({ seconds: 2 })] }, '3 to 1800'],
  ['linkedin', 'provider_options.linkedin.visibility', { options: { visibility: 'ALL' } }, 'CONNECTIONS'],
  ['facebook', 'text', { text: 'a'.repeat(63_207) }, '63,206'],
  ['facebook', 'text', { text: 'a'.repeat(2_201), media: [video()], options: { as_reel: true } }, '2,200'],
  ['facebook', 'media_urls', { media: images(11) }, '10 pictures'],
  ['facebook', 'media_urls.0', { media: [image({ bytes: 11 * MB })] }, '10 MB'],
  ['facebook', 'media_urls.0', { media: [video({ seconds: 91 })], options: { as_reel: true } }, '3 to 90'],
  ['facebook', 'provider_options.facebook.as_reel', { options: { as_reel: 'yes' } }, 'true or false'],
  ['facebook', 'provider_options.facebook.as_reel', { options: { as_reel: true } }, 'needs a video'],
  ['instagram', 'text', { text: 'a'.repeat(2_201) }, '2,200'],
  ['instagram', 'text', { text: '#a '.repeat(31) }, '30 hashtags'],
  ['instagram', 'text', { text: '@a '.repeat(21) }, '20 mentions'],
  ['instagram', 'media_urls', { media: images(11) }, '10 pictures'],
  ['instagram', 'media_urls.0', { media: [image({ type: 'image/png' })] }, 'image/jpeg'],
  ['instagram', 'media_urls.0', { media: [image({ bytes: 9 * MB })] }, '8 MB'],
  ['instagram', 'media_urls.0', { media: [video({ bytes: 301 * MB })] }, '300 MB'],
  ['instagram', 'media_urls.0', { media: [video({ seconds: 901 })] }, '3 to 900'],
  ['instagram', 'media_alt.0', { media: [image({ alt: 'a'.repeat(1_001) })] }, '1,000'],
  [
    'instagram',
    'provider_options.instagram.media_type',
    { options: { media_type: 'story' } },
    'reels, image, carousel',
  ],
  ['instagram', 'provider_options.instagram.media_type', { options: { media_type: 'reels' } }, 'does not fit'],
  ['instagram', 'provider_options.instagram.share_to_feed', { options: { share_to_feed: 1 } }, 'true or false'],
  ['tiktok', 'text', { text: 'a'.repeat(2_201), media: [video()] }, '2,200'],
  ['tiktok', 'text', { text: 'a'.repeat(4_001) }, '4,000'],
  ['tiktok', 'media_urls', { media: images(36) }, '35 pictures'],
  ['tiktok', 'media_urls.0', { media: [image({ type: 'image/png' })] }, 'image/webp'],
  ['tiktok', 'media_urls.0', { media: [image({ bytes: 21 * MB })] }, '20 MB'],
  ['tiktok', 'media_urls.0', { media: [video({ bytes: 4_097 * MB })] }, '4,096 MB'],
  ['tiktok', 'provider_options.tiktok.privacy_level', { options: { privacy_level: undefined } }, 'is required'],
  ['tiktok', 'provider_options.tiktok.privacy_level', { options: { privacy_level: 'ALL' } }, 'SELF_ONLY'],
  ['tiktok', 'provider_options.tiktok.title', { options: { title: 'a'.repeat(91) } }, '90'],
  ...['disable_comment', 'disable_duet', 'disable_stitch', 'is_aigc', 'brand_content'].map(
    (name): [string, string, Part, string] => [
      'tiktok',
      `provider_options.tiktok.${name}`,
      { options: { [name]: 'yes' } },
      'true or false',
    ],
  ),
  ['pinterest', 'text', { text: 'a'.repeat(801) }, '800'],
  ['pinterest', 'media_urls', { media: images(6) }, '5 pictures'],
  ['pinterest', 'media_urls.0', { media: [image({ bytes: 21 * MB })] }, '20 MB'],
  ['pinterest', 'media_urls.0', { media: [video({ bytes: 2_049 * MB })] }, '2,048 MB'],
  ['pinterest', 'media_urls.0', { media: [video({ seconds: 3 })] }, '4 to 900'],
  ['pinterest', 'media_alt.0', { media: [image({ alt: 'a'.repeat(501) })] }, '500'],
  ['pinterest', 'provider_options.pinterest.board_id', { options: { board_id: undefined } }, 'is required'],
  ['pinterest', 'provider_options.pinterest.board_id', { options: { board_id: 'first' } }, '64'],
  ['pinterest', 'provider_options.pinterest.title', { options: { title: 'a'.repeat(101) } }, '100'],
  ['pinterest', 'provider_options.pinterest.link', { options: { link: 'shop' } }, '2,048'],
];

describe('the limits of the platforms', () => {
  it.each(allowed)('a post that %s takes exceeds no limit: %#', (provider, part) => {
    expect(check(provider, part)).toEqual([]);
  });

  it.each(broken)(
    'a post that exceeds a limit of %s is refused with the field %s: %#',
    (provider, field, part, words) => {
      expect(check(provider, part)).toContainEqual(
        expect.stringMatching(new RegExp(`^${field.replaceAll('.', '\\.')} .*${words.replace('.', '\\.')}`)),
      );
    },
  );

  it.each(PROVIDER_NAMES)('every limit of %s is exceeded by a post of these tests', (provider) => {
    const posts = broken.filter(([name]) => name === provider).map(([, , part]) => part);
    const found = new Set(posts.flatMap((part) => check(provider, part)).map((line) => line.replace(/^\S+ /, '')));
    const { limits } = providerOf(provider).publish!;
    expect(limits.map(({ message }) => message).filter((message) => !found.has(message))).toEqual([]);
  });

  it('the platforms have at least sixty limits', () => {
    expect(PROVIDER_NAMES.flatMap((name) => providerOf(name).publish!.limits).length).toBeGreaterThanOrEqual(60);
  });

  it('one call checks all limits, for every account by its platform and id', () => {
    const targets = ['x', 'instagram'].map((provider, index) => ({
      provider,
      accountId: `acc_${index}`,
      publish: providerOf(provider).publish!,
    }));
    const post = { text: 'a'.repeat(3_000), media: [], providerOptions: {} };
    expect(validatePost(post, targets)).toEqual([
      { field: 'text', message: 'must have at most 280 characters', provider: 'x', accountId: 'acc_0' },
      { field: 'media_urls', message: 'must have a picture or a video', provider: 'instagram', accountId: 'acc_1' },
      { field: 'text', message: 'must have at most 2,200 characters', provider: 'instagram', accountId: 'acc_1' },
    ]);
  });
});
