import type { PostDraft, PublishDefinition } from '../contract/publish.js';
import {
  booleanOption,
  enumOption,
  knownOptions,
  maxAlt,
  maxImages,
  maxMatches,
  maxMegabytes,
  maxText,
  needsMedia,
  notMixed,
  oneVideo,
  optionFits,
  typesOf,
  videoSeconds,
} from '../publish/limits.js';
import { instagramPublishRefusals } from './instagram-publish.errors.js';

/** The media that each kind of post consists of. */
const KINDS: Record<string, (post: PostDraft) => boolean> = {
  reels: ({ media }) => media.every(({ kind }) => kind === 'video'),
  image: ({ media }) => media.length === 1 && media[0]?.kind === 'image',
  carousel: ({ media }) => media.length >= 2,
};

export const instagramPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    needsMedia,
    maxText(2_200),
    maxMatches(/#[\p{L}\p{N}_]+/gu, 30, 'hashtags'),
    maxMatches(/@[\w.]+/g, 20, 'mentions'),
    maxImages(10),
    oneVideo,
    notMixed,
    typesOf('image', ['image/jpeg']),
    typesOf('video', ['video/mp4', 'video/quicktime']),
    maxMegabytes('image', 8),
    maxMegabytes('video', 300),
    videoSeconds(3, 900),
    maxAlt(1_000),
    enumOption('media_type', Object.keys(KINDS)),
    optionFits('media_type', 'does not fit the media', (value, post) => KINDS[value as string]?.(post) ?? true),
    booleanOption('share_to_feed'),
    knownOptions(['media_type', 'share_to_feed']),
  ],
  refusals: instagramPublishRefusals,
};
