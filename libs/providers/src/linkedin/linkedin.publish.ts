import type { PublishDefinition } from '../contract/publish.js';
import {
  enumOption,
  knownOptions,
  maxImages,
  maxMegabytes,
  maxText,
  minBytes,
  notMixed,
  oneVideo,
  textOrMedia,
  typesOf,
  videoSeconds,
} from '../publish/limits.js';
import { linkedinPublishRefusals } from './linkedin-publish.errors.js';

/** Reserved in "little text", which needs a backslash before each; a hashtag is left as it is. */
const RESERVED = /[\\|{}@[\]()<>*_~]|#(?![\p{L}\p{N}])/gu;

/** Whether the platform counts the backslashes is not documented: they are counted. */
const escapedLength = (text: string): number => text.replace(RESERVED, (character) => `\\${character}`).length;

export const linkedinPublish: PublishDefinition = {
  checkedAt: '2026-11-30',
  limits: [
    textOrMedia,
    maxText(3_000, { count: escapedLength }),
    maxImages(20),
    oneVideo,
    notMixed,
    typesOf('image', ['image/jpeg', 'image/png', 'image/gif']),
    typesOf('video', ['video/mp4']),
    minBytes('video', 75 * 1024),
    maxMegabytes('video', 500),
    videoSeconds(3, 1_800),
    enumOption('visibility', ['PUBLIC', 'CONNECTIONS']),
    knownOptions(['visibility']),
  ],
  refusals: linkedinPublishRefusals,
};
