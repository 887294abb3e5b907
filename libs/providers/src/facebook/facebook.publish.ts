import type { PostDraft, PublishDefinition } from '../contract/publish.js';
import {
  booleanOption,
  knownOptions,
  maxImages,
  maxMegabytes,
  maxText,
  notMixed,
  oneVideo,
  optionFits,
  textOrMedia,
  typesOf,
  videoSeconds,
} from '../publish/limits.js';
import { facebookPublishRefusals } from './facebook-publish.errors.js';

const isReel = ({ options }: PostDraft): boolean => options.as_reel === true;

export const facebookPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    textOrMedia,
    maxText(63_206, { when: (post) => !isReel(post) }),
    maxText(2_200, { when: isReel }),
    maxImages(10),
    oneVideo,
    notMixed,
    typesOf('image', ['image/jpeg', 'image/png']),
    typesOf('video', ['video/mp4', 'video/quicktime']),
    maxMegabytes('image', 10),
    videoSeconds(3, 90, isReel),
    booleanOption('as_reel'),
    optionFits(
      'as_reel',
      'needs a video',
      (value, { media }) => value !== true || media.some(({ kind }) => kind === 'video'),
    ),
    knownOptions(['as_reel']),
  ],
  refusals: facebookPublishRefusals,
};
