import type { PublishDefinition } from '../contract/publish.js';
import {
  enumOption,
  knownOptions,
  maxAlt,
  maxImages,
  maxMatches,
  maxMegabytes,
  maxText,
  notMixed,
  oneVideo,
  textOrMedia,
  typesOf,
  videoSeconds,
} from '../publish/limits.js';
import { xPublishRefusals } from './x-publish.errors.js';

const GIF = 'image/gif';
const URLS = /https?:\/\/\S+/g;
const URL_WEIGHT = 23;
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Code points that count once; all others count twice. */
const LIGHT = /^[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+$/;

/** docs.x.com, counting characters, 2026-11-30: an address counts 23, an emoji 2. */
const weightOf = (text: string): number =>
  Array.from(GRAPHEMES.segment(text.replace(URLS, 'x'.repeat(URL_WEIGHT)).normalize('NFC'))).reduce(
    (sum, { segment }) => sum + (LIGHT.test(segment) ? Array.from(segment).length : 2),
    0,
  );

export const xPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    textOrMedia,
    maxText(280, { count: weightOf }),
    maxMatches(/(?<![\w$])\$[a-z]{1,6}\b/gi, 1, 'cashtag'),
    maxImages(4),
    oneVideo,
    notMixed,
    {
      field: 'media_urls',
      message: 'must have no picture beside a GIF',
      breaks: ({ media }) => media.length > 1 && media.some(({ type }) => type === GIF),
    },
    typesOf('image', ['image/jpeg', 'image/png', GIF, 'image/webp']),
    typesOf('video', ['video/mp4', 'video/quicktime']),
    maxMegabytes('image', 5, (type) => type !== GIF),
    maxMegabytes('image', 15, (type) => type === GIF),
    maxMegabytes('video', 512),
    videoSeconds(0.5, 140),
    maxAlt(1_000),
    enumOption('reply_settings', ['following', 'mentionedUsers', 'subscribers', 'verified']),
    knownOptions(['reply_settings']),
  ],
  refusals: xPublishRefusals,
};
