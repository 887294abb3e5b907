import { days } from '#config';
import {
  countCall,
  type EffectRecord,
  objectOf,
  type Platform,
  publish,
  type PublishRequest,
  randomText,
  readyOf,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxPublishing,
  shownMedia,
  stableNumber,
  textOf,
} from '../sandbox/index.js';
import {
  images,
  imageStatus,
  PART,
  type Speaker,
  speaker,
  uploadPart,
  videos,
  videoStatus,
} from './linkedin-media.sandbox.js';
import { problem, refuseApi } from './linkedin-refusals.sandbox.js';

const MAX_COMMENTARY = 3_000;
const POSTS_A_DAY = 150;
const MULTI_IMAGE = { least: 2, most: 20 };

const KEPT = /^(?:\\[\\|{}@[\]()<>#*_~]|#(?=[\p{L}\p{N}])|[^\\|{}@[\]()<>#*_~])*/u;
const ESCAPED = /\\([\\|{}@[\]()<>#*_~])/g;

/** Cuts at the first reserved character without a backslash, and answers as if nothing had happened. A hashtag is none. */
function littleText(commentary: string): string {
  const kept = KEPT.exec(commentary)?.[0] ?? '';
  return kept.replace(ESCAPED, '$1');
}

/** None, one picture or video, several pictures, or an article. */
function mediaOf(request: PublishRequest, platform: Platform, { account }: Speaker): string[] {
  const { media, multiImage, article } = objectOf(request.fields.content);
  if (article !== undefined) return [`article ${textOf(objectOf(article).source)}`];
  const { images: several } = objectOf(multiImage);
  const ids = Array.isArray(several) ? several.map((image) => objectOf(image).id) : [];
  if (multiImage !== undefined && (ids.length < MULTI_IMAGE.least || ids.length > MULTI_IMAGE.most))
    throw new Refusal('invalid_parameter', 'multiImage');
  const all = media === undefined ? ids : [objectOf(media).id];
  return all.map((id) => shownMedia(readyOf(platform, account, textOf(id))));
}

function assertPost({ fields }: PublishRequest, { urn }: Speaker): string {
  const { author, commentary, visibility, lifecycleState, distribution } = fields;
  if (author !== urn) throw new Refusal('missing_scope', `author ${textOf(author)}`);
  if (visibility !== 'PUBLIC' && visibility !== 'CONNECTIONS') throw new Refusal('invalid_parameter', 'visibility');
  if (lifecycleState !== 'PUBLISHED') throw new Refusal('invalid_parameter', 'lifecycleState');
  if (objectOf(distribution).feedDistribution !== 'MAIN_FEED') throw new Refusal('invalid_parameter', 'distribution');
  const text = textOf(commentary);
  if (text.length > MAX_COMMENTARY) throw new Refusal('too_long', String(text.length));
  return text;
}

/** 201 without a body: the id stands in a header. */
function createPost(request: PublishRequest, platform: Platform): SandboxAnswer {
  const member = speaker(request, platform, 'w_member_social');
  const { grant, account } = member;
  const text = littleText(assertPost(request, member));
  const media = mediaOf(request, platform, member);
  if (text === '' && media.length === 0) throw new Refusal('invalid_parameter', 'commentary');
  countCall(platform, `post|${account}`, { calls: POSTS_A_DAY, window: days(1) }, 'quota_spent');
  const kind = media.length > 0 ? 'ugcPost' : 'share';
  const id = `urn:li:${kind}:${stableNumber(19, 'post', randomText(12))}`;
  const effect: EffectRecord = publish(platform, grant, { id, account, text, media });
  return { status: 201, body: '', headers: { 'x-restli-id': effect.id } };
}

/** Members cannot read posts: `r_member_social` is closed. */
function readPosts(request: PublishRequest, platform: Platform): SandboxAnswer {
  speaker(request, platform, 'r_organization_social');
  return { status: 200, body: { elements: [], paging: { start: 0, count: 10, links: [] } } };
}

const inputError = (status: number, message: string, code: string, more: object = {}): SandboxAnswer => ({
  status,
  body: {
    errorDetailType: 'com.linkedin.common.error.BadRequest',
    message,
    errorDetails: { inputErrors: [{ description: message, input: {}, code, ...more }] },
    status,
  },
});
const notReady = (): SandboxAnswer =>
  problem(422, 0, 'UNPROCESSABLE_ENTITY', 'Unable to obtain activity: the media is not available');

const words: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  duplicate_post: (id) =>
    inputError(
      422,
      `com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of ${id}`,
      'DUPLICATE_POST',
    ),
  too_long: (length) =>
    inputError(
      400,
      `ShareCommentary text length (${length} characters) exceeded the maximum allowed (${MAX_COMMENTARY} characters)`,
      'FIELD_ARRAY_SIZE_TOO_HIGH',
      { maxLength: MAX_COMMENTARY },
    ),
  invalid_parameter: (name) => inputError(400, `The field ${name} is invalid`, 'INVALID_VALUE_FOR_FIELD'),
  missing_parameter: (name) => inputError(400, `The field ${name} is required`, 'MISSING_FIELD'),
  ended_version: (version) => ({
    status: 426,
    body: { status: 426, code: 'NONEXISTENT_VERSION', message: `Requested version ${version} is not active` },
  }),
  unfinished_reference: notReady,
  failed_reference: notReady,
  unknown_reference: (id) => problem(404, 0, 'RESOURCE_NOT_FOUND', `Could not find entity ${id}`),
  expired_reference: (id) => problem(404, 0, 'RESOURCE_NOT_FOUND', `Could not find entity ${id}`),
  wrong_order: (name) => inputError(400, `The upload is incomplete: ${name}`, 'INVALID_UPLOAD'),
  too_large: (name) => inputError(400, `The size of ${name} exceeds the limit`, 'INVALID_SIZE'),
  quota_spent: () =>
    problem(
      429,
      101,
      'TOO_MANY_REQUESTS',
      'Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.',
    ),
};

const rest = (path: string): string => `https://api.linkedin.com/rest${path}`;

export const linkedinSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'POST', url: rest('/images'), step: 'prepare', handle: images },
    { method: 'GET', url: rest('/images/:urn'), step: 'status', handle: imageStatus },
    { method: 'POST', url: rest('/videos'), step: 'prepare', handle: videos },
    { method: 'GET', url: rest('/videos/:urn'), step: 'status', handle: videoStatus },
    { method: 'PUT', url: PART, step: 'prepare', handle: uploadPart },
    { method: 'POST', url: rest('/posts'), step: 'commit', handle: createPost },
    { method: 'GET', url: rest('/posts'), step: 'listing', handle: readPosts },
    { method: 'GET', url: rest('/posts/:urn'), step: 'status', handle: readPosts },
  ],
  refuse: (refusal) => words[refusal.reason]?.(refusal.subject) ?? refuseApi(refusal),
  ownRefusals: ['quota_spent', 'ended_version', 'ghost_post'],
  refusesRepeatsFor: days(1),
};
