import { days } from '#config';
import {
  demand,
  type EffectRecord,
  grantFor,
  type GrantRecord,
  listed,
  look,
  objectOf,
  personaOf,
  type Platform,
  postOf,
  prepare,
  preparedOf,
  process,
  publish,
  type PublishRequest,
  randomText,
  readyOf,
  receive,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxPublishing,
  shownMedia,
  stableNumber,
  textOf,
} from '../sandbox/index.js';

interface Speaker {
  readonly grant: GrantRecord;
  readonly account: string;
}

function speaker(request: PublishRequest, platform: Platform, ...scopes: string[]): Speaker {
  const grant = grantFor(request, platform, ...scopes);
  return { grant, account: personaOf(grant).number };
}

/** Each person has two boards, with predictable ids. */
const boardsOf = (account: string): { id: string; name: string; privacy: string }[] => [
  { id: `1${account}01`, name: 'First board', privacy: 'PUBLIC' },
  { id: `1${account}02`, name: 'Second board', privacy: 'PUBLIC' },
];

function boards(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'boards:read');
  return { status: 200, body: { items: boardsOf(account), bookmark: null } };
}

const S3 = 'https://pinterest-media-upload.s3-accelerate.amazonaws.com/';

function registerMedia(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'pins:read', 'pins:write');
  if (request.fields.media_type !== 'video') throw new Refusal('invalid_parameter', 'media_type');
  const id = stableNumber(18, 'media', randomText(12));
  const key = `uploads/${randomText(12)}`;
  prepare(platform, { id, account, kind: 'video', state: 'waiting' });
  prepare(platform, { id: key, account: 'uploads', kind: 'key', details: { media: id, account } });
  const body = {
    media_id: id,
    media_type: 'video',
    upload_url: S3,
    upload_parameters: {
      'Content-Type': 'multipart/form-data',
      key,
      policy: randomText(24),
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': randomText(12),
      'x-amz-date': '20261201T000000Z',
      'x-amz-security-token': randomText(24),
      'x-amz-signature': randomText(24),
    },
  };
  return { status: 201, body };
}

/** S3 takes the parameters as they were given, the file last, and no bearer token. */
function uploadMedia(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { fields, files, authorization } = request;
  if (authorization) throw new Refusal('wrong_order', 'Authorization');
  const { details } = preparedOf(platform, 'uploads', textOf(fields.key));
  const missing = ['policy', 'x-amz-algorithm', 'x-amz-signature'].find((name) => !fields[name]);
  if (missing) throw new Refusal('wrong_order', missing);
  if (!files.file) throw new Refusal('wrong_order', 'file');
  const record = preparedOf(platform, details.account ?? '', details.media ?? '');
  receive(platform, record, '0', files.file);
  const owner = [...platform.state.grants.all()].find((grant) => personaOf(grant).number === details.account);
  if (owner) process(platform, owner, record);
  return { status: 204, body: '' };
}

const MEDIA_STATUS = { waiting: 'registered', processing: 'processing', ready: 'succeeded', failed: 'failed' } as const;

function mediaStatus(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'pins:read');
  const { id, state } = look(platform, preparedOf(platform, account, request.path.id ?? ''));
  const status = state === 'published' ? 'succeeded' : MEDIA_STATUS[state];
  return { status: 200, body: { media_id: id, media_type: 'video', status } };
}

/** Fetches while the caller waits: an address of `unreachable…` is not reached. */
function fetched(address: unknown): string {
  const url = URL.canParse(textOf(address)) ? new URL(textOf(address)) : undefined;
  if (!url) throw new Refusal('invalid_parameter', 'url');
  if (url.hostname.startsWith('unreachable')) throw new Refusal('unreachable_media', url.href);
  return url.href;
}

function mediaOf(request: PublishRequest, platform: Platform, account: string): string[] {
  const source = objectOf(request.fields.media_source);
  if (source.source_type === 'image_url') return [fetched(source.url)];
  if (source.source_type === 'image_base64') return [`${textOf(source.data).length} base64`];
  if (source.source_type === 'multiple_image_urls') {
    const items = Array.isArray(source.items) ? (source.items as { url?: unknown }[]) : [];
    demand(items.length >= 2 && items.length <= 5, 'invalid_parameter', 'items');
    return items.map(({ url }) => fetched(url));
  }
  demand(source.source_type === 'video_id', 'invalid_parameter', 'source_type');
  const covered = ['cover_image_url', 'cover_image_key_frame_time', 'cover_image_data'].some((name) => name in source);
  demand(covered, 'missing_parameter', 'cover_image_url or cover_image_content_type');
  return [shownMedia(readyOf(platform, account, textOf(source.media_id)))];
}

const MAX_LENGTHS = { title: 100, description: 800, link: 2_048, alt_text: 500 };
const ALLOWED = ['board_id', 'board_section_id', 'media_source', ...Object.keys(MAX_LENGTHS)];

function createPin(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'boards:read', 'boards:write', 'pins:read', 'pins:write');
  const { fields } = request;
  const unknown = Object.keys(fields).find((name) => !ALLOWED.includes(name));
  if (unknown) throw new Refusal('invalid_parameter', unknown);
  if (!/^\d+$/.test(textOf(fields.board_id))) throw new Refusal('invalid_parameter', 'board_id');
  if (!boardsOf(account).some(({ id }) => id === fields.board_id)) throw new Refusal('unknown_reference', 'board');
  for (const [name, most] of Object.entries(MAX_LENGTHS))
    if (textOf(fields[name]).length > most) throw new Refusal('too_long', name);
  const { board_id: board, title, description, link, alt_text: alt } = fields;
  const effect = publish(platform, grant, {
    id: stableNumber(18, 'pin', randomText(12)),
    account,
    text: textOf(description),
    media: mediaOf(request, platform, account),
    details: { board: textOf(board), title: textOf(title), link: textOf(link), alt: textOf(alt) },
  });
  return { status: 201, body: pinView(effect) };
}

/** `created_at` has no zone: github.com/pinterest/api-quickstart/issues/78. */
const pinView = ({ id, at, text: description, details, media }: EffectRecord): object => ({
  id,
  created_at: new Date(at).toISOString().slice(0, 19),
  board_id: details.board,
  title: details.title || null,
  description: description || null,
  link: details.link || null,
  alt_text: details.alt || null,
  media: { media_type: media.length > 1 ? 'multiple_images' : 'image', images: {} },
  creative_type: 'REGULAR',
});

function readPin(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'pins:read');
  return { status: 200, body: pinView(postOf(platform, account, request.path.id ?? '')) };
}

function boardPins(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'boards:read', 'pins:read');
  const { id } = request.path;
  if (!boardsOf(account).some((board) => board.id === id)) throw new Refusal('unknown_reference', 'board');
  const pins = listed(platform, grant, account).filter(({ details }) => details.board === id);
  return {
    status: 200,
    body: { items: pins.slice(0, Number(request.query.page_size ?? 25)).map(pinView), bookmark: null },
  };
}

const refused = (status: number, code: number, message: string): SandboxAnswer => ({ status, body: { code, message } });

const words: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_scope: () =>
    refused(
      401,
      3,
      'Your token does not have sufficient permissions to perform this operation. Please ensure your token is authorized with the correct set of scopes.',
    ),
  missing_parameter: (name) => refused(400, 1, `Missing required parameter: ${name}`),
  invalid_parameter: (name) => refused(400, 1, `Invalid request: '${name}' does not match '^\\\\d+$'`),
  too_long: (name) => refused(400, 1, `Invalid request: ${name} is too long`),
  unknown_reference: (name) => refused(404, 40, name === 'board' ? 'Board not found.' : 'Pin not found.'),
  expired_reference: () => refused(400, 1, 'Invalid request: media_id has expired'),
  unfinished_reference: () => refused(400, 1, 'Media is not ready'),
  failed_reference: () => refused(400, 1, 'Media processing failed'),
  unreachable_media: () => refused(400, 1, 'Sorry! Unable to reach the URL. Please try again.'),
  wrong_order: () => refused(403, 0, 'Access Denied'),
  quota_spent: () => tooMany(),
  too_many_requests: () => tooMany(),
  trial_app: () =>
    refused(
      403,
      29,
      'Apps with Trial access may not create Pins in production https://api.pinterest.com - use API Sandbox https://api-sandbox.pinterest.com instead.',
    ),
};

const tooMany = (): SandboxAnswer => ({
  ...refused(429, 8, 'This request exceeded a rate limit.'),
  headers: { 'retry-after': '20' },
});

const api = (path: string): string => `https://api.pinterest.com/v5${path}`;

export const pinterestSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'GET', url: api('/boards'), step: 'prepare', handle: boards },
    { method: 'POST', url: api('/media'), step: 'prepare', handle: registerMedia },
    { method: 'POST', url: S3, step: 'prepare', handle: uploadMedia },
    { method: 'GET', url: api('/media/:id'), step: 'status', handle: mediaStatus },
    { method: 'POST', url: api('/pins'), step: 'commit', handle: createPin },
    { method: 'GET', url: api('/pins/:id'), step: 'status', handle: readPin },
    { method: 'GET', url: api('/boards/:id/pins'), step: 'listing', handle: boardPins },
  ],
  refuse: ({ reason, subject }) => words[reason]?.(subject) ?? refused(401, 2, 'Authentication failed.'),
  ownRefusals: ['quota_spent', 'trial_app'],
  quota: { posts: 1_000, window: days(1) },
};
