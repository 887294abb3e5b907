import { days, minutes } from '#config';
import {
  countCall,
  type EffectRecord,
  listed,
  objectOf,
  type Platform,
  type PreparedRecord,
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
  append,
  data,
  finalize,
  initialize,
  isImage,
  mediaStatus,
  metadata,
  speaker,
  upload,
} from './x-media.sandbox.js';

/** docs.x.com and the OpenAPI description 2.167, read in November 2026. */
const MAX_WEIGHT = 280;
const URL_WEIGHT = 23;
const MAX_IMAGES = 4;

const URLS = /https?:\/\/\S+/g;
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Code points that count once; all others count twice, and a web address 23. */
const LIGHT = /^[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+$/;
const weightOf = (post: string): number =>
  [...GRAPHEMES.segment(post.replace(URLS, 'x'.repeat(URL_WEIGHT)).normalize('NFC'))].reduce(
    (sum, { segment }) => sum + (LIGHT.test(segment) ? Array.from(segment).length : 2),
    0,
  );

function mediaOfPost(request: PublishRequest, platform: Platform, account: string): PreparedRecord[] {
  const { media_ids: ids = [] } = objectOf(request.fields.media);
  if (!Array.isArray(ids) || ids.length > MAX_IMAGES) throw new Refusal('refused_media', 'media_ids');
  const records = ids.map((id) => readyOf(platform, account, textOf(id)));
  const isMixed = records.length > 1 && !records.every(isImage);
  if (isMixed || new Set(ids).size !== ids.length) throw new Refusal('refused_media', 'media_ids');
  return records;
}

const KNOWN_FIELDS = ['text', 'media', 'reply', 'reply_settings', 'made_with_ai', 'paid_partnership'];

function createPost(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'tweet.write', 'tweet.read', 'users.read');
  countCall(platform, `post|${account}`, { calls: 100, window: minutes(15) });
  const unknown = Object.keys(request.fields).find((field) => !KNOWN_FIELDS.includes(field));
  if (unknown) throw new Refusal('invalid_parameter', unknown);
  const post = textOf(request.fields.text);
  const media = mediaOfPost(request, platform, account);
  if (post === '' && media.length === 0) throw new Refusal('missing_parameter', 'text');
  if (weightOf(post) > MAX_WEIGHT) throw new Refusal('too_long', 'text');
  const id = stableNumber(19, 'post', randomText(12));
  const effect = publish(platform, grant, { id, account, text: post, media: media.map(shownMedia) });
  return data({ id, text: shortened(effect) }, 201);
}

/** Addresses and media appear as t.co links in the text. */
const shortened = ({ id, text: post, media }: EffectRecord): string => {
  let index = 0;
  const links = post.replace(URLS, () => shortLink(id, index++));
  return media.length > 0 ? `${links} ${shortLink(id, index)}`.trim() : links;
};
const shortLink = (id: string, index: number): string => `https://t.co/${id.slice(-8)}${index}`;

const entitiesOf = (post: EffectRecord): object => ({
  urls: [
    ...[...post.text.matchAll(URLS)].map(([address], index) => ({
      url: shortLink(post.id, index),
      expanded_url: address,
    })),
    ...(post.media.length > 0
      ? [{ url: shortLink(post.id, [...post.text.matchAll(URLS)].length), media_key: `3_${post.id}` }]
      : []),
  ],
});

function listPosts(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'tweet.read', 'users.read');
  if (request.path.id !== account) throw new Refusal('unknown_reference', 'id');
  const most = Number(request.query.max_results ?? 10);
  if (!(most >= 5 && most <= 100)) throw new Refusal('invalid_parameter', 'max_results');
  const fields = (request.query['tweet.fields'] ?? '').split(',');
  const posts = listed(platform, grant, account).slice(0, most);
  const views = posts.map((post) => ({
    id: post.id,
    text: shortened(post),
    ...(fields.includes('created_at') && { created_at: new Date(post.at).toISOString() }),
    ...(fields.includes('entities') && { entities: entitiesOf(post) }),
  }));
  const meta = { result_count: views.length };
  return { status: 200, body: views.length > 0 ? { data: views, meta } : { meta } };
}

const problem = (status: number, title: string, detail: string, type = 'about:blank'): SandboxAnswer => ({
  status,
  body: { title, type, status, detail },
});
const invalid = (message: string): SandboxAnswer => ({
  status: 400,
  body: {
    errors: [{ message }],
    title: 'Invalid Request',
    detail: 'One or more parameters to your request was invalid.',
    type: 'https://api.x.com/2/problems/invalid-request',
  },
});
const forbidden = (detail: string, type?: string): SandboxAnswer => problem(403, 'Forbidden', detail, type);
const invalidMedia = (): SandboxAnswer => invalid('Your media IDs are invalid.');
const problemType = (name: string): string => `https://api.twitter.com/2/problems/${name}`;

const words: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_parameter: (name) => invalid(`Missing required parameter: ${name}`),
  invalid_parameter: (name) => invalid(`The query parameter or field [${name}] is not valid`),
  missing_scope: (scope) =>
    forbidden(`The ${scope} scope is required for this request.`, problemType('not-authorized-for-resource')),
  suspended_user: () => forbidden('The user used for authentication is suspended', problemType('user-suspended')),
  credits_depleted: () =>
    problem(
      402,
      'CreditsDepleted',
      'Your enrolled account does not have any credits to fulfill this request.',
      problemType('credits'),
    ),
  duplicate_post: () => forbidden('You are not allowed to create a Tweet with duplicate content.'),
  too_long: () => forbidden('You are not permitted to perform this action.'),
  refused_media: () => forbidden('You can attach a maximum of 4 items, or one video or GIF.'),
  too_large: (name) => invalid(`The size of [${name}] exceeds the limit.`),
  unknown_reference: invalidMedia,
  expired_reference: invalidMedia,
  unfinished_reference: invalidMedia,
  failed_reference: invalidMedia,
  wrong_order: invalidMedia,
  quota_spent: () => tooMany(),
  too_many_requests: () => tooMany(),
};

const tooMany = (): SandboxAnswer => ({
  ...problem(429, 'Too Many Requests', 'Too Many Requests'),
  headers: { 'x-rate-limit-reset': `${Math.ceil(Date.now() / 1_000) + 20}`, 'x-rate-limit-remaining': '0' },
});

const api = (path: string): string => `https://api.x.com/2${path}`;

export const xSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'POST', url: api('/media/upload'), step: 'prepare', handle: upload },
    { method: 'POST', url: api('/media/upload/initialize'), step: 'prepare', handle: initialize },
    {
      method: 'POST',
      url: api('/media/upload/:id/append'),
      step: 'prepare',
      handle: (request, platform) => append(request, platform, request.path.id ?? ''),
    },
    {
      method: 'POST',
      url: api('/media/upload/:id/finalize'),
      step: 'prepare',
      handle: (request, platform) => finalize(request, platform, request.path.id ?? ''),
    },
    { method: 'GET', url: api('/media/upload'), step: 'status', handle: mediaStatus },
    { method: 'POST', url: api('/media/metadata'), step: 'prepare', handle: metadata },
    { method: 'POST', url: api('/tweets'), step: 'commit', handle: createPost },
    { method: 'GET', url: api('/users/:id/tweets'), step: 'listing', handle: listPosts },
  ],
  refuse: ({ reason, subject }) => words[reason]?.(subject) ?? problem(401, 'Unauthorized', 'Unauthorized'),
  ownRefusals: ['quota_spent', 'credits_depleted'],
  refusesRepeatsFor: days(1),
};
