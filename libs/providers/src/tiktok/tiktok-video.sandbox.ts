import { days, hours, minutes } from '#config';
import {
  countCall,
  demand,
  digestOf,
  grantFor,
  type GrantRecord,
  objectOf,
  personaOf,
  type Platform,
  postingOf,
  prepare,
  type PreparedRecord,
  process,
  publish,
  type PublishRequest,
  randomText,
  receive,
  receivedBytes,
  Refusal,
  sameDigest,
  type SandboxAnswer,
  stableNumber,
  stableUuid,
  textOf,
} from '../sandbox/index.js';

/** developers.tiktok.com, Content Posting API, read in November 2026. */
const MIN_CHUNK_BYTES = 5_000_000;
const MAX_CHUNK_BYTES = 64_000_000;
const MAX_LAST_CHUNK_BYTES = 128_000_000;
const MAX_VIDEO_BYTES = 4 * 1024 ** 3;
export const PRIVACY = ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'];
export const MAX_LENGTHS = { video: { title: 2_200 }, photo: { title: 90, description: 4_000 } };

export const UPLOAD = 'https://open-upload.tiktokapis.com/video/';

interface Speaker {
  readonly grant: GrantRecord;
  readonly account: string;
}

export function speaker(request: PublishRequest, platform: Platform): Speaker {
  const grant = grantFor(request, platform, 'video.publish');
  return { grant, account: stableUuid('open_id', grant.clientId, personaOf(grant).number) };
}

export const ok = (data: object): SandboxAnswer => ({
  status: 200,
  body: { data, error: { code: 'ok', message: '', log_id: randomText(12) } },
});

/** What a post states about itself; an app that is not audited may post for private accounts alone. */
export function assertPostInfo(
  grant: GrantRecord,
  info: Record<string, unknown>,
  lengths: Record<string, number>,
): void {
  const level = textOf(info.privacy_level);
  if (!PRIVACY.includes(level)) throw new Refusal('invalid_parameter', 'privacy_level');
  for (const [name, most] of Object.entries(lengths))
    if (textOf(info[name]).length > most) throw new Refusal('too_long', name);
  const refused = postingOf(grant).commitRefused;
  if (refused && !(refused === 'unaudited_app' && level === 'SELF_ONLY')) throw new Refusal(refused);
}

/** Chunks of the announced size; the last takes what remains. Below the least chunk the video is sent whole. */
function assertChunks({
  video_size: size,
  chunk_size: chunk,
  total_chunk_count: count,
}: Record<string, unknown>): void {
  const [bytes, each, chunks] = [Number(size), Number(chunk), Number(count)];
  demand(bytes >= 1 && bytes <= MAX_VIDEO_BYTES, 'invalid_parameter', 'video_size');
  const whole = chunks === 1 && each === bytes;
  const split = each >= MIN_CHUNK_BYTES && chunks === Math.floor(bytes / each);
  demand(each <= MAX_CHUNK_BYTES && (whole || split), 'invalid_parameter', 'chunk_size');
}

export function initVideo(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform);
  const [info, source] = [objectOf(request.fields.post_info), objectOf(request.fields.source_info)];
  if (source.source !== 'FILE_UPLOAD') throw new Refusal('invalid_parameter', 'source');
  assertPostInfo(grant, info, MAX_LENGTHS.video);
  assertChunks(source);
  countCall(platform, `init|${account}`, { calls: 6, window: minutes(1) });
  const id = `v_pub_file~v2-1.${stableNumber(19, 'publish', randomText(12))}`;
  const token = randomText(12);
  prepare(platform, {
    id,
    account,
    kind: 'video',
    state: 'waiting',
    size: Number(source.video_size),
    expiresAt: platform.state.clock.now() + days(1),
    details: { token, chunk: String(Number(source.chunk_size)), title: textOf(info.title), ...visibleTo(info) },
  });
  const query = new URLSearchParams({ upload_id: id, upload_token: token }).toString();
  return ok({ publish_id: id, upload_url: `${UPLOAD}?${query}` });
}

export const visibleTo = (info: Record<string, unknown>): Record<string, string> => ({
  privacy: textOf(info.privacy_level),
});

const RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;
const rangeOf = ({ headers }: PublishRequest): { first: number; last: number; size: number } | undefined => {
  const [, first, last, size] = (RANGE.exec(headers['content-range'] ?? '') ?? []).map(Number);
  return first === undefined || last === undefined || size === undefined ? undefined : { first, last, size };
};
export const isLastChunk = (request: PublishRequest): boolean => {
  const range = rangeOf(request);
  return range !== undefined && range.last + 1 === range.size;
};

/** The whole address is the key; the address expires after an hour. */
function uploadOf({ query, authorization }: PublishRequest, platform: Platform): PreparedRecord {
  demand(!authorization, 'unknown_reference', 'Authorization');
  const { upload_id: id = '', upload_token: token = '' } = query;
  const { definition, state } = platform;
  const record = state.posts.prepared.get(`${definition.name}|${id}`);
  demand(record && sameDigest(digestOf(record.details.token ?? ''), digestOf(token)), 'unknown_reference', 'upload_id');
  demand(record.expiresAt - days(1) + hours(1) > state.clock.now(), 'expired_reference');
  demand(record.state === 'waiting', 'wrong_order', 'upload_id');
  return record;
}

/** In order; with the last chunk the video is published. */
export function putChunk(request: PublishRequest, platform: Platform): SandboxAnswer {
  const record = uploadOf(request, platform);
  const [range, bytes] = [rangeOf(request), request.files.body];
  demand(range && bytes && range.size === record.size, 'invalid_parameter', 'Content-Range');
  demand(bytes.size === range.last - range.first + 1, 'invalid_parameter', 'Content-Length');
  demand(range.first === receivedBytes(record), 'wrong_order', 'Content-Range');
  const isLast = isLastChunk(request);
  const allowed = isLast ? bytes.size <= MAX_LAST_CHUNK_BYTES : bytes.size === Number(record.details.chunk);
  demand(allowed, 'too_large', 'chunk');
  if (isLast) publishVideo(platform, record, bytes);
  else receive(platform, record, String(range.first), bytes);
  const headers = { 'content-range': `bytes 0-${range.last}/${range.size}` };
  return { status: isLast ? 201 : 206, body: '', headers };
}

function publishVideo(platform: Platform, record: PreparedRecord, bytes: { size: number; digest: string }): void {
  const grant = ownerOf(platform, record.account);
  const parts = { ...record.parts, [String(receivedBytes(record))]: bytes };
  const shown = `${record.size} bytes ${Object.values(parts)
    .map(({ digest }) => digest)
    .join('+')}`;
  const { processingFails } = postingOf(grant);
  const post = processingFails ? undefined : toEffect(platform, grant, record, record.details.title ?? '', [shown]);
  if (post?.seq === 0) return;
  record.parts = parts;
  record.details = { ...record.details, ...(post && { post: post.id }) };
  process(platform, grant, record);
}

export const toEffect = (
  platform: Platform,
  grant: GrantRecord,
  { account, details }: PreparedRecord,
  post: string,
  media: string[],
) =>
  publish(platform, grant, {
    isChecked: true,
    id: stableNumber(19, 'video', randomText(12)),
    account,
    text: post,
    media,
    details: { privacy: details.privacy ?? '' },
  });

function ownerOf({ definition, notes, state }: Platform, account: string): GrantRecord {
  const owner = [...state.grants.all()].find(
    (grant) =>
      grant.provider === definition.name && stableUuid('open_id', grant.clientId, personaOf(grant).number) === account,
  );
  if (!owner) throw new Refusal('unknown_token');
  notes.clientId = owner.clientId;
  notes.persona = owner.persona;
  return owner;
}
