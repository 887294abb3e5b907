import type { PostDraft, PublishDefinition } from '../contract/publish.js';
import {
  booleanOption,
  enumOption,
  knownOptions,
  maxImages,
  maxMegabytes,
  maxText,
  needsMedia,
  notMixed,
  oneVideo,
  requiredOption,
  textOption,
  typesOf,
} from '../publish/limits.js';
import { tiktokPublishRefusals } from './tiktok-publish.errors.js';

const hasPhotos = ({ media }: PostDraft): boolean => media.some(({ kind }) => kind === 'image');
const SWITCHES = ['disable_comment', 'disable_duet', 'disable_stitch', 'is_aigc', 'brand_content'];

/** The longest video depends on the creator and is requested before each post. */
export const tiktokPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    needsMedia,
    maxText(2_200, { when: (post) => !hasPhotos(post) }),
    maxText(4_000, { when: hasPhotos }),
    maxImages(35),
    oneVideo,
    notMixed,
    typesOf('image', ['image/jpeg', 'image/webp']),
    typesOf('video', ['video/mp4', 'video/quicktime', 'video/webm']),
    maxMegabytes('image', 20),
    maxMegabytes('video', 4_096),
    requiredOption('privacy_level'),
    enumOption('privacy_level', ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'FOLLOWER_OF_CREATOR', 'SELF_ONLY']),
    textOption('title', 90),
    ...SWITCHES.map(booleanOption),
    knownOptions(['privacy_level', 'title', ...SWITCHES]),
  ],
  refusals: tiktokPublishRefusals,
};
