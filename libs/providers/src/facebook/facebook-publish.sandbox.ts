import { days } from '#config';
import { graphError, refuseGraph } from '../graph-api/graph.sandbox.js';
import {
  countCall,
  demand,
  type EffectRecord,
  type GrantRecord,
  listed,
  objectOf,
  type Platform,
  postOf,
  prepare,
  preparedOf,
  publish,
  type PublishRequest,
  randomText,
  readyOf,
  Refusal,
  type SandboxAnswer,
  type SandboxPublishing,
  shownMedia,
  stableNumber,
  textOf,
} from '../sandbox/index.js';
import { own } from './facebook-refusals.sandbox.js';
import {
  commitReel,
  isReelStart,
  PAGE_SCOPES,
  pageBehind,
  posted,
  readReel,
  REEL_UPLOAD,
  startReel,
  uploadReel,
} from './facebook-reels.sandbox.js';
import { graph, graphVideo } from './graph-urls.js';

const MAX_MESSAGE = 63_206;
const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const MAX_PHOTOS = 10;

/** `attached_media` as a list or, in a form, as one field for each. */
function attached({ fields }: PublishRequest): string[] {
  const { attached_media: list } = fields;
  const entries = Array.isArray(list)
    ? (list as unknown[])
    : Object.keys(fields)
        .filter((name) => /^attached_media\[\d+\]$/.test(name))
        .map((name) => readJson(textOf(fields[name])));
  return entries.map((entry) => textOf(objectOf(entry).media_fbid));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('invalid_parameter', 'attached_media');
  }
}

function feed(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = pageBehind(request, platform);
  const [message, link, photos] = [textOf(request.fields.message), textOf(request.fields.link), attached(request)];
  if (message === '' && link === '' && photos.length === 0) throw new Refusal('missing_parameter', 'message');
  if (message.length > MAX_MESSAGE) throw new Refusal('too_long', 'message');
  if (/^https?:\/\/([\w-]+\.)?facebook\.com\//.test(link)) throw new Refusal('refused_media', 'link');
  if (photos.length > MAX_PHOTOS) throw new Refusal('invalid_parameter', 'attached_media');
  const media = photos.map((id) => shownMedia(readyOf(platform, account, id)));
  const effect = post(platform, grant, { account, text: message, media, details: link ? { link } : {} });
  return { status: 200, body: { id: effect.id } };
}

type Content = Pick<EffectRecord, 'account' | 'text' | 'media' | 'details'>;

const post = (platform: Platform, grant: GrantRecord, content: Content): EffectRecord =>
  publish(platform, grant, { ...content, id: `${content.account}_${stableNumber(15, 'post', randomText(12))}` });

const isUnpublished = ({ fields }: PublishRequest): boolean => String(fields.published) === 'false';

/** An address that the platform fetches, or the bytes; published unless stated otherwise. */
function photos(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = pageBehind(request, platform);
  const { fields, files } = request;
  const url = textOf(fields.url);
  const source = files.source ? { parts: { 0: files.source } } : { details: { url } };
  demand(files.source ?? URL.canParse(url), 'missing_parameter', 'url');
  demand(files.source ? files.source.size <= MAX_PHOTO_BYTES : !/\.(heic|svg)$/i.test(url), 'too_large', 'source');
  demand(!url.includes('//unreachable'), 'unreachable_media', url);
  const id = stableNumber(15, 'photo', randomText(12));
  const record = prepare(platform, { id, account, kind: 'photo', ...source });
  if (isUnpublished(request)) return { status: 200, body: { id: record.id } };
  const content = { account, text: textOf(fields.caption), media: [shownMedia(record)], details: {} };
  return { status: 200, body: { id: record.id, post_id: post(platform, grant, content).id } };
}

/** A video that is no Reel: the address in one call. */
function videos(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = pageBehind(request, platform);
  const { file_url: url, title, description } = request.fields;
  if (!URL.canParse(textOf(url))) throw new Refusal('missing_parameter', 'file_url');
  if (new URL(textOf(url)).hostname.startsWith('unreachable')) throw new Refusal('unreachable_media', textOf(url));
  const effect = post(platform, grant, {
    account,
    text: textOf(description),
    media: [textOf(url)],
    details: title ? { title: textOf(title) } : {},
  });
  prepare(platform, {
    id: effect.id.split('_')[1] ?? '',
    account,
    kind: 'video',
    state: 'published',
    details: { post: effect.id },
  });
  return { status: 200, body: { id: effect.id.split('_')[1] } };
}

const FIELDS = ['id', 'message', 'created_time', 'application', 'permalink_url'];

function viewOf(post: EffectRecord, fields: readonly string[]): object {
  const values: Record<string, unknown> = {
    id: post.id,
    message: post.text || undefined,
    created_time: new Date(post.at).toISOString().replace(/\.\d+Z$/, '+0000'),
    application: { name: 'An app', id: post.clientId },
    permalink_url: posted(post.id),
  };
  return Object.fromEntries([...fields, 'id'].map((name) => [name, values[name]]));
}

const fieldsOf = ({ query }: PublishRequest): string[] => (query.fields ?? 'id').split(',');

function publishedPosts(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = pageBehind(request, platform, ['pages_read_engagement']);
  const fields = fieldsOf(request);
  const unknown = fields.find((name) => !FIELDS.includes(name));
  if (unknown) throw new Refusal('invalid_parameter', unknown);
  const since = Number(request.query.since ?? 0) * 1_000;
  const posts = listed(platform, grant, account).filter(({ at }) => at >= since);
  return { status: 200, body: { data: posts.slice(0, 25).map((one) => viewOf(one, fields)) } };
}

/** A post, or the video of a Reel by its own id. */
function readObject(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = pageBehind(request, platform, ['pages_read_engagement']);
  const { id = '' } = request.path;
  if (id.includes('_')) return { status: 200, body: viewOf(postOf(platform, account, id), fieldsOf(request)) };
  return readReel(platform, preparedOf(platform, account, id), fieldsOf(request));
}

const code = (message: string, number: number, subcode?: number, status?: number): SandboxAnswer =>
  graphError({ message, code: number, ...(subcode && { subcode }), ...(status && { status }) });

const refuse = refuseGraph({
  ...own,
  unknown_reference: (id) =>
    code(
      `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions`,
      100,
      33,
    ),
  expired_reference: (id) => code(`Object with ID '${id}' does not exist`, 100, 33),
  unfinished_reference: () => code('(#100) The video is still being processed', 100, 2061015),
  failed_reference: () => code('Video processing failed', 352, 1363026),
  wrong_order: () => code('(#100) The offset does not match the upload', 100, 1363037),
  too_long: (name) => code(`(#100) Param ${name} is too long`, 100),
  too_large: () => code('Your photos should be less than 10 MB and saved as JPG or PNG files.', 324, 1366046),
  refused_media: () => code('The url you supplied is invalid', 100, 1609008),
  unreachable_media: () => code("The link couldn't be reached", 100, 1609005),
  duplicate_post: () => code('(#506) Duplicate status message', 506),
  quota_spent: () =>
    code('(#368) The action attempted has been deemed abusive or is otherwise disallowed', 368, 1390008),
  lost_role: () => code('(#200) The user lacks the task CREATE_CONTENT on this Page', 200, undefined, 403),
});

export const facebookSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'POST', url: graph('/:page/feed'), step: 'commit', handle: feed },
    {
      method: 'POST',
      url: graph('/:page/photos'),
      step: 'commit',
      stepOf: (request) => (isUnpublished(request) ? 'prepare' : 'commit'),
      handle: photos,
    },
    {
      method: 'POST',
      url: graph('/:page/video_reels'),
      step: 'commit',
      stepOf: (request) => (isReelStart(request) ? 'prepare' : 'commit'),
      handle: (request, platform) =>
        isReelStart(request) ? startReel(request, platform) : finishReel(request, platform),
    },
    { method: 'POST', url: REEL_UPLOAD, step: 'prepare', handle: uploadReel },
    { method: 'POST', url: graphVideo('/:page/videos'), step: 'commit', handle: videos },
    { method: 'GET', url: graph('/:page/published_posts'), step: 'listing', handle: publishedPosts },
    { method: 'GET', url: graph('/:id'), step: 'status', handle: readObject },
  ],
  refuse,
  ownRefusals: ['quota_spent'],
  refusesRepeatsFor: days(1),
};

const REELS_A_DAY = { calls: 30, window: days(1) };

function finishReel(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = pageBehind(request, platform, PAGE_SCOPES);
  return commitReel(request, platform, account, (content) => {
    countCall(platform, `reel|${account}`, REELS_A_DAY, 'quota_spent');
    return post(platform, grant, content);
  });
}
