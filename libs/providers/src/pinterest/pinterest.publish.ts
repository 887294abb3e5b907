import type { PublishDefinition } from '../contract/publish.js';
import {
  knownOptions,
  maxAlt,
  maxImages,
  maxMegabytes,
  maxText,
  needsMedia,
  notMixed,
  oneVideo,
  requiredOption,
  textOption,
  typesOf,
  videoSeconds,
} from '../publish/limits.js';
import { pinterestPublishRefusals } from './pinterest-publish.errors.js';

/** The OpenAPI description 5.23. */
export const pinterestPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    needsMedia,
    maxText(800),
    maxImages(5),
    oneVideo,
    notMixed,
    typesOf('image', ['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
    typesOf('video', ['video/mp4', 'video/quicktime', 'video/x-m4v']),
    maxMegabytes('image', 20),
    maxMegabytes('video', 2_048),
    videoSeconds(4, 900),
    maxAlt(500),
    requiredOption('board_id'),
    textOption('board_id', 64, /^\d+$/),
    textOption('title', 100),
    textOption('link', 2_048, /^https?:\/\//),
    knownOptions(['board_id', 'title', 'link']),
  ],
  refusals: pinterestPublishRefusals,
};
