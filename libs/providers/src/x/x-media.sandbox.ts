import { days } from '#config';
import {
  grantFor,
  type GrantRecord,
  look,
  objectOf,
  personaOf,
  type Platform,
  prepare,
  type PreparedRecord,
  preparedOf,
  process,
  type PublishRequest,
  randomText,
  receive,
  receivedBytes,
  Refusal,
  type SandboxAnswer,
  stableNumber,
  textOf,
} from '../sandbox/index.js';

/** docs.x.com and the OpenAPI description 2.167, read in November 2026. */
const MAX_IMAGE_BYTES = 5 * 1024 * 1024;
const MAX_SEGMENT_BYTES = 5 * 1024 * 1024;
const MAX_VIDEO_BYTES = 512 * 1024 * 1024;
const MAX_SEGMENT_INDEX = 999;
const IMAGES = ['tweet_image'];
const CATEGORIES = [...IMAGES, 'tweet_gif', 'tweet_video'];
const SECONDS_AFTER_FINALIZE = 86_400;

export const isImage = ({ kind }: PreparedRecord): boolean => IMAGES.includes(kind);

interface Speaker {
  readonly grant: GrantRecord;
  readonly account: string;
}

export function speaker(request: PublishRequest, platform: Platform, ...scopes: string[]): Speaker {
  const grant = grantFor(request, platform, ...scopes);
  return { grant, account: personaOf(grant).number };
}

export const data = (body: object, status = 200): SandboxAnswer => ({ status, body: { data: body } });

/** Both forms of the upload: one address with `command`, and an address for each command. */
export function upload(request: PublishRequest, platform: Platform): SandboxAnswer {
  const command = textOf(request.fields.command ?? request.query.command).toUpperCase();
  if (command === 'INIT') return initialize(request, platform);
  if (command === 'APPEND') return append(request, platform, textOf(request.fields.media_id));
  if (command === 'FINALIZE') return finalize(request, platform, textOf(request.fields.media_id));
  return uploadAtOnce(request, platform);
}

function uploadAtOnce(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'media.write');
  const { fields, files } = request;
  const encoded = Buffer.from(textOf(fields.media), 'base64');
  const bytes = files.media ?? (encoded.length > 0 ? { size: encoded.length, digest: 'base64' } : undefined);
  if (!bytes) throw new Refusal('missing_parameter', 'media');
  const category = textOf(fields.media_category);
  if (!CATEGORIES.includes(category)) throw new Refusal('missing_parameter', 'media_category');
  if (bytes.size > MAX_IMAGE_BYTES) throw new Refusal('too_large', 'media');
  const record = prepare(platform, { ...newMedia(account, category), parts: { 0: bytes } });
  return data({ ...mediaView(record), expires_after_secs: SECONDS_AFTER_FINALIZE, size: bytes.size });
}

const newMedia = (account: string, kind: string) => ({
  id: stableNumber(19, 'media', randomText(12)),
  account,
  kind,
});
const mediaView = ({ id }: PreparedRecord): object => ({ id, media_key: `3_${id}` });

export function initialize(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'media.write');
  const { fields } = request;
  const size = Number(fields.total_bytes);
  const category = textOf(fields.media_category);
  if (!/^(video|image)\/[\w.-]+$/.test(textOf(fields.media_type))) throw new Refusal('missing_parameter', 'media_type');
  if (!CATEGORIES.includes(category)) throw new Refusal('missing_parameter', 'media_category');
  if (!Number.isInteger(size) || size < 1) throw new Refusal('missing_parameter', 'total_bytes');
  if (size > MAX_VIDEO_BYTES) throw new Refusal('too_large', 'total_bytes');
  const record = prepare(platform, { ...newMedia(account, category), size, state: 'waiting' });
  return data({ ...mediaView(record), expires_after_secs: SECONDS_AFTER_FINALIZE });
}

const waitingOf = (platform: Platform, account: string, id: string): PreparedRecord => {
  const record = preparedOf(platform, account, id);
  if (record.state !== 'waiting') throw new Refusal('wrong_order', id);
  return record;
};

export function append(request: PublishRequest, platform: Platform, id: string): SandboxAnswer {
  const { account } = speaker(request, platform, 'media.write');
  const record = waitingOf(platform, account, id);
  const index = Number(request.fields.segment_index ?? Number.NaN);
  if (!Number.isInteger(index) || index < 0 || index > MAX_SEGMENT_INDEX)
    throw new Refusal('missing_parameter', 'segment_index');
  const bytes = request.files.media;
  if (!bytes) throw new Refusal('missing_parameter', 'media');
  if (bytes.size > MAX_SEGMENT_BYTES) throw new Refusal('too_large', 'media');
  receive(platform, record, String(index), bytes);
  return data({ expires_at: Math.floor(record.expiresAt / 1_000) });
}

/** All segments without a gap, and as many bytes as announced. */
export function finalize(request: PublishRequest, platform: Platform, id: string): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'media.write');
  const record = waitingOf(platform, account, id);
  const indices = Object.keys(record.parts).map(Number);
  const complete = indices.every((index) => index < indices.length) && receivedBytes(record) === record.size;
  if (!complete) throw new Refusal('unfinished_reference', id);
  record.expiresAt = platform.state.clock.now() + days(1);
  process(platform, grant, record, isImage(record) ? 0 : 1);
  return data({
    ...mediaView(record),
    size: record.size,
    expires_after_secs: SECONDS_AFTER_FINALIZE,
    ...progress(record),
  });
}

/** Without `processing_info` it is ready. */
const progress = ({ state, looksLeft }: PreparedRecord): object => {
  if (state === 'ready') return {};
  if (state === 'failed')
    return {
      processing_info: {
        state: 'failed',
        error: { code: 1, name: 'InvalidMedia', message: 'Unsupported video format' },
      },
    };
  return {
    processing_info: { state: looksLeft > 0 ? 'in_progress' : 'pending', check_after_secs: 1, progress_percent: 50 },
  };
};

export function mediaStatus(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'media.write');
  if (request.query.command !== 'STATUS') throw new Refusal('missing_parameter', 'command');
  const record = look(platform, preparedOf(platform, account, request.query.media_id ?? ''));
  const done = record.state === 'ready' ? { processing_info: { state: 'succeeded', progress_percent: 100 } } : {};
  return data({ ...mediaView(record), ...progress(record), ...done });
}

export function metadata(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'media.write');
  const { id, metadata: given } = request.fields;
  const record = preparedOf(platform, account, textOf(id));
  const alt = textOf(objectOf(objectOf(given).alt_text).text);
  if (alt.length > 1_000) throw new Refusal('too_long', 'alt_text');
  record.details = { ...record.details, alt };
  platform.state.posts.prepared.save(record);
  return data({ id: record.id });
}
