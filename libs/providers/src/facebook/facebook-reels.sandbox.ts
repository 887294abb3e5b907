import {
  demand,
  type EffectRecord,
  type GrantRecord,
  look,
  type Platform,
  prepare,
  type PreparedRecord,
  preparedOf,
  process,
  type PublishRequest,
  randomText,
  readyOf,
  receive,
  receivedBytes,
  Refusal,
  type SandboxAnswer,
  shownMedia,
  stableNumber,
  textOf,
} from '../sandbox/index.js';
import { speakerOf, tokenOf } from './facebook-speakers.sandbox.js';

export const PAGE_SCOPES = ['pages_manage_posts', 'pages_read_engagement'];
export const REEL_UPLOAD = 'https://rupload.facebook.com/video-upload/v25.0/:video';
const MAX_DESCRIPTION = 2_200;

interface PageSpeaker {
  readonly grant: GrantRecord;
  readonly account: string;
}

/** The Page of the token, which has to be the one of the path; the person needs the task to create content. */
export function pageBehind(request: PublishRequest, platform: Platform, scopes = PAGE_SCOPES): PageSpeaker {
  const { fields, path } = request;
  const { grant, page } = speakerOf(platform, textOf(fields.access_token) || tokenOf(request));
  demand(page && (path.page ?? page.id) === page.id, 'unknown_reference', path.page ?? path.id);
  const missing = scopes.find((scope) => !grant.scopes.includes(scope));
  if (missing) throw new Refusal('missing_scope', missing);
  demand(!page.traits.mayNotPublish || !scopes.includes('pages_manage_posts'), 'lost_role');
  return { grant, account: page.id };
}

export const posted = (id: string): string => `https://www.facebook.com/${id}`;

export const isReelStart = ({ fields }: PublishRequest): boolean => fields.upload_phase === 'start';

export function startReel(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = pageBehind(request, platform);
  const id = stableNumber(16, 'reel', randomText(12));
  prepare(platform, { id, account, kind: 'reel', state: 'waiting' });
  return { status: 200, body: { video_id: id, upload_url: REEL_UPLOAD.replace(':video', id) } };
}

/** With `Authorization: OAuth`; bytes at an offset, or an address in `file_url`. */
export function uploadReel(request: PublishRequest, platform: Platform): SandboxAnswer {
  const token = /^OAuth (\S+)$/.exec(request.authorization ?? '')?.[1];
  demand(token, 'missing_client_authentication');
  const { grant, page } = speakerOf(platform, token);
  const record = preparedOf(platform, page?.id ?? '', request.path.video ?? '');
  demand(record.state === 'waiting', 'wrong_order', record.id);
  const { file_url: url } = request.headers;
  if (url !== undefined) return accepted(platform, grant, { ...record, details: { url } });
  return uploadBytes(request, platform, grant, record);
}

function uploadBytes(
  { headers, files }: PublishRequest,
  platform: Platform,
  grant: GrantRecord,
  record: PreparedRecord,
): SandboxAnswer {
  const { offset, file_size: size } = headers;
  demand(files.body && size !== undefined, 'missing_parameter', 'file_size');
  demand(Number(offset) === receivedBytes(record), 'wrong_order', 'offset');
  receive(platform, record, String(offset), files.body);
  return receivedBytes(record) < Number(size)
    ? { status: 200, body: { success: true } }
    : accepted(platform, grant, record);
}

function accepted(platform: Platform, grant: GrantRecord, record: PreparedRecord): SandboxAnswer {
  process(platform, grant, record);
  return { status: 200, body: { success: true } };
}

/** A Reel may be finished again: it is public once, and the answer is the same. */
export function commitReel(
  request: PublishRequest,
  platform: Platform,
  account: string,
  publishPost: (content: Pick<EffectRecord, 'account' | 'text' | 'media' | 'details'>) => EffectRecord,
): SandboxAnswer {
  const { fields } = request;
  if (fields.upload_phase !== 'finish') throw new Refusal('invalid_parameter', 'upload_phase');
  if (fields.video_state !== 'PUBLISHED') throw new Refusal('invalid_parameter', 'video_state');
  const description = textOf(fields.description);
  if (description.length > MAX_DESCRIPTION) throw new Refusal('too_long', 'description');
  const known = preparedOf(platform, account, textOf(fields.video_id));
  if (known.state === 'published') return { status: 200, body: { success: true, post_id: known.details.post } };
  const record = readyOf(platform, account, known.id);
  const title = textOf(fields.title);
  const details = { video: record.id, ...(title && { title }) };
  const effect = publishPost({ account, text: description, media: [shownMedia(record)], details });
  if (effect.seq > 0) markPublished(platform, record, effect);
  return { status: 200, body: { success: true, post_id: effect.id } };
}

function markPublished({ state }: Platform, record: PreparedRecord, effect: EffectRecord): void {
  record.state = 'published';
  record.details = { ...record.details, post: effect.id };
  state.posts.prepared.save(record);
}

const VIDEO_STATUS = {
  waiting: 'uploading',
  processing: 'processing',
  ready: 'ready',
  failed: 'error',
  published: 'ready',
} as const;

/** The phases of a Reel. Public when `publishing_phase` is complete and published. */
export function readReel(platform: Platform, known: PreparedRecord, fields: readonly string[]): SandboxAnswer {
  const { id, state, details } = look(platform, known);
  const isPublic = state === 'published';
  const phase = (isComplete: boolean): object => ({ status: isComplete ? 'complete' : 'not_started' });
  const values: Record<string, unknown> = {
    id,
    published: isPublic,
    permalink_url: isPublic ? posted(details.post ?? '') : undefined,
    post_id: details.post,
    status: {
      video_status: VIDEO_STATUS[state],
      uploading_phase: phase(state !== 'waiting'),
      processing_phase: state === 'failed' ? { status: 'error' } : phase(state === 'ready' || isPublic),
      publishing_phase: { ...phase(isPublic), publish_status: isPublic ? 'published' : 'draft' },
    },
  };
  return { status: 200, body: Object.fromEntries([...fields, 'id'].map((name) => [name, values[name]])) };
}
