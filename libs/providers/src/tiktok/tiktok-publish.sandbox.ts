import { days, minutes } from '#config';
import {
  countCall,
  demand,
  look,
  objectOf,
  personaOf,
  type Platform,
  postingOf,
  prepare,
  type PreparedRecord,
  preparedOf,
  process,
  type PublishRequest,
  randomText,
  receivedBytes,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxPublishing,
  stableNumber,
  textOf,
} from '../sandbox/index.js';
import {
  assertPostInfo,
  initVideo,
  isLastChunk,
  MAX_LENGTHS,
  ok,
  PRIVACY,
  putChunk,
  speaker,
  toEffect,
  UPLOAD,
  visibleTo,
} from './tiktok-video.sandbox.js';

const MAX_PHOTOS = 35;

function creatorInfo(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform);
  countCall(platform, `creator|${account}`, { calls: 20, window: minutes(1) });
  const persona = personaOf(grant);
  return ok({
    creator_username: persona.handle,
    creator_nickname: persona.displayName,
    creator_avatar_url: platform.avatarUrl(persona),
    privacy_level_options: PRIVACY,
    comment_disabled: false,
    duet_disabled: false,
    stitch_disabled: false,
    max_video_post_duration_sec: 600,
  });
}

/** Pulls the pictures at once; they must come from a domain that the app has verified: none of `unverified…`. */
function initPhotos(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform);
  const { media_type: type, post_mode: mode } = request.fields;
  if (type !== 'PHOTO' || mode !== 'DIRECT_POST') throw new Refusal('invalid_parameter', 'media_type');
  const [info, source] = [objectOf(request.fields.post_info), objectOf(request.fields.source_info)];
  assertPostInfo(grant, info, MAX_LENGTHS.photo);
  const photos = photosOf(source);
  countCall(platform, `init|${account}`, { calls: 6, window: minutes(1) });
  const id = `p_pub_url~v2.${stableNumber(19, 'publish', randomText(12))}`;
  const words = [textOf(info.title), textOf(info.description)].filter(Boolean).join('\n');
  const record = prepare(platform, { id, account, kind: 'photo', state: 'waiting', details: visibleTo(info) });
  const { processingFails } = postingOf(grant);
  const post = processingFails ? undefined : toEffect(platform, grant, record, words, photos);
  record.details = { ...record.details, ...(post && post.seq > 0 && { post: post.id }) };
  process(platform, grant, record);
  return ok({ publish_id: id });
}

function photosOf(source: Record<string, unknown>): string[] {
  const photos = Array.isArray(source.photo_images) ? source.photo_images.map(textOf) : [];
  demand(source.source === 'PULL_FROM_URL', 'invalid_parameter', 'source');
  demand(photos.length >= 1 && photos.length <= MAX_PHOTOS, 'invalid_parameter', 'photo_images');
  if (!(Number(source.photo_cover_index ?? 0) < photos.length))
    throw new Refusal('invalid_parameter', 'photo_cover_index');
  for (const photo of photos) {
    demand(URL.canParse(photo), 'invalid_parameter', 'photo_images');
    demand(!photo.includes('//unverified'), 'unowned_media', photo);
  }
  return photos;
}

/** Numbers above 2^53 as they are; a private post has none. */
function fetchStatus(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform);
  countCall(platform, `status|${account}`, { calls: 30, window: minutes(1) });
  const record = look(platform, preparedOf(platform, account, textOf(request.fields.publish_id)));
  const { post = '', privacy } = record.details;
  if (record.state === 'failed') return ok({ status: 'FAILED', fail_reason: failReason(record) });
  if (record.state === 'waiting') return ok({ status: 'PROCESSING_UPLOAD', uploaded_bytes: receivedBytes(record) });
  if (record.state === 'processing')
    return ok({ status: record.kind === 'photo' ? 'PROCESSING_DOWNLOAD' : 'PROCESSING_UPLOAD' });
  const shown = privacy === 'SELF_ONLY' ? '' : `"publicaly_available_post_id":[${post}],`;
  const body = `{"data":{${shown}"status":"PUBLISH_COMPLETE"},"error":{"code":"ok","message":"","log_id":"${randomText(12)}"}}`;
  return { status: 200, body, headers: { 'content-type': 'application/json; charset=utf-8' } };
}

const failReason = ({ kind }: PreparedRecord): string =>
  kind === 'photo' ? 'picture_size_check_failed' : 'file_format_check_failed';

const refused = (status: number, code: string, message = ''): SandboxAnswer => ({
  status,
  body: { data: {}, error: { code, message, log_id: randomText(12) } },
});

const words: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_scope: () => refused(401, 'scope_not_authorized', 'The user did not authorize the scope required.'),
  invalid_parameter: (name) => refused(400, 'invalid_params', `The field ${name} is invalid.`),
  too_long: (name) => refused(400, 'invalid_params', `The field ${name} is too long.`),
  too_large: () => refused(413, 'invalid_params', 'The chunk is too large.'),
  unknown_reference: () => refused(400, 'invalid_publish_id', 'The publish_id does not exist.'),
  expired_reference: () => refused(403, 'upload_url_expired', 'The upload address has expired.'),
  wrong_order: () => refused(416, 'invalid_range', 'Chunks are uploaded in order.'),
  unowned_media: () => refused(403, 'url_ownership_unverified', 'Please review our URL ownership verification rules.'),
  unaudited_app: () =>
    refused(
      403,
      'unaudited_client_can_only_post_to_private_accounts',
      'Please review our integration guidelines at https://developers.tiktok.com/doc/content-sharing-guidelines/',
    ),
  quota_spent: () => refused(403, 'spam_risk_too_many_posts', 'The daily post cap from the API is reached.'),
  suspended_user: () => refused(403, 'spam_risk_user_banned_from_posting', 'The user is banned from making new posts.'),
  too_many_requests: () => refused(429, 'rate_limit_exceeded', 'The API rate limit was exceeded.'),
};

const api = (path: string): string => `https://open.tiktokapis.com/v2/post/publish${path}`;

export const tiktokSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'POST', url: api('/creator_info/query/'), step: 'prepare', handle: creatorInfo },
    { method: 'POST', url: api('/video/init/'), step: 'prepare', handle: initVideo },
    {
      method: 'PUT',
      url: UPLOAD,
      step: 'commit',
      stepOf: (request) => (isLastChunk(request) ? 'commit' : 'prepare'),
      handle: putChunk,
    },
    { method: 'POST', url: api('/content/init/'), step: 'commit', handle: initPhotos },
    { method: 'POST', url: api('/status/fetch/'), step: 'status', handle: fetchStatus },
  ],
  refuse: ({ reason, subject }) =>
    words[reason]?.(subject) ?? refused(401, 'access_token_invalid', 'The access token is invalid or not found.'),
  ownRefusals: ['quota_spent', 'unaudited_app'],
  quota: { posts: 15, window: days(1) },
};
