import { type Duration, seconds } from '#config';
import type { RefusalReason } from './refusal.js';

/** What a persona does about posts; each is carried out by the shared parts. */
export interface PostingTraits {
  /** The commit is carried out, or is not, and the connection is cut; without an effect only the first time for each post. */
  readonly losesCommit?: 'after' | 'before';
  /** Further looks at an upload, a container or a post at which it is still processing. */
  readonly slowBy?: number;
  /** What is uploaded cannot be processed. */
  readonly processingFails?: true;
  /** The platform refuses each commit, for this reason. */
  readonly commitRefused?: RefusalReason;
  /** The commit is carried out and refused: `restricted_live`. Or not carried out and refused as a repeat: `ghost`. */
  readonly contradicts?: 'restricted_live' | 'ghost';
  /** Posts appear in lists this much later. */
  readonly listedAfter?: Duration;
}

/** Personas whose accounts are ordinary until a post is published: what happens to posts, then who it is. */
export const postPersonas: readonly (readonly [
  posting: PostingTraits,
  key: string,
  displayName: string,
  handle: string,
  number: string,
  story: string,
])[] = [
  [
    { losesCommit: 'after' },
    'post-answer-lost',
    'Lara Lostpost',
    'lara_lostpost',
    '2244996001',
    'Each post becomes public, and the answer to the call is lost.',
  ],
  [
    { losesCommit: 'before' },
    'post-answer-lost-before',
    'Leo Lostbefore',
    'leo_lostbefore',
    '2244996002',
    'The connection is cut before a post becomes public; the second call for the same post works.',
  ],
  [
    { slowBy: 3 },
    'post-slow-processing',
    'Simon Slowpost',
    'simon_slowpost',
    '2244996003',
    'Uploads are still processing at the next three looks.',
  ],
  [
    { processingFails: true },
    'post-processing-failed',
    'Fatima Failed',
    'fatima_failed',
    '2244996004',
    'Uploads cannot be processed; pictures can, where the platform does not process them.',
  ],
  [
    { commitRefused: 'quota_spent' },
    'post-quota',
    'Quentin Quota',
    'quentin_quota',
    '2244996005',
    'Has no post left in the quota of the platform.',
  ],
  [
    { commitRefused: 'unaudited_app' },
    'post-unaudited',
    'Ulla Unaudited',
    'ulla_unaudited',
    '2244996006',
    'The app is not audited, so it may post for private accounts alone.',
  ],
  [
    { commitRefused: 'trial_app' },
    'post-trial',
    'Trudy Trial',
    'trudy_trial',
    '2244996007',
    'The app has trial access, so it may not create Pins.',
  ],
  [
    { commitRefused: 'credits_depleted' },
    'post-no-credits',
    'Nadia Nocredits',
    'nadia_nocredits',
    '2244996008',
    'The app has no credits left for posts.',
  ],
  [
    { commitRefused: 'ended_version' },
    'post-old-version',
    'Otto Oldversion',
    'otto_oldversion',
    '2244996009',
    'Each version of the API that a request names has ended.',
  ],
  [
    { contradicts: 'restricted_live' },
    'post-restricted-live',
    'Ronja Restricted',
    'ronja_restricted',
    '2244996010',
    'Each post becomes public, and the call is refused as restricted activity.',
  ],
  [
    { listedAfter: seconds(20) },
    'post-eventual',
    'Eva Eventual',
    'eva_eventual',
    '2244996011',
    'Posts appear in lists 20 seconds later.',
  ],
  [
    { contradicts: 'ghost' },
    'post-ghost',
    'Gero Ghost',
    'gero_ghost',
    '2244996012',
    'Each post is refused as a repeat of one that was deleted.',
  ],
];
