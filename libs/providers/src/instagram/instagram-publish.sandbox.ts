import { days } from '#config';
import { graphError, refuseGraph } from '../graph-api/graph.sandbox.js';
import {
  bearerOf,
  demand,
  type EffectRecord,
  type GrantRecord,
  holderOf,
  listed,
  look,
  type Persona,
  personaOf,
  type Platform,
  postingOf,
  postOf,
  prepare,
  type PreparedRecord,
  process,
  publish,
  type PublishRequest,
  randomText,
  Refusal,
  type SandboxAnswer,
  type SandboxPublishing,
  shownMedia,
  stableNumber,
  textOf,
} from '../sandbox/index.js';
import { own } from './instagram-refusals.sandbox.js';

const PUBLISHES = 'instagram_business_content_publish';
const BASIC = 'instagram_business_basic';
const QUOTA = { posts: 100, window: days(1) };
const MAX_CAPTION = 2_200;
const VIDEOS = ['REELS', 'VIDEO'];
const CHILDREN = { least: 2, most: 10 };

/** The professional account, the same id at every app. Longer than a JSON number can be. */
export const professionalId = ({ number }: Persona): string => `17841${number.slice(-12).padStart(12, '0')}`;

interface Speaker {
  readonly grant: GrantRecord;
  readonly account: string;
}

/** The token in the header, the query or the form; the account of the path has to be its own. */
function speaker(request: PublishRequest, platform: Platform, scope = PUBLISHES): Speaker {
  const { fields, query, authorization, path } = request;
  const token = textOf(fields.access_token) || query.access_token || bearerOf(authorization);
  const grant = holderOf(platform, token);
  if (!grant.scopes.includes(scope)) throw new Refusal('missing_scope', scope);
  const account = professionalId(personaOf(grant));
  if (path.ig !== undefined && path.ig !== 'me' && path.ig !== account) throw new Refusal('unknown_object', path.ig);
  return { grant, account };
}

/** The platform fetches what the address names: JPEG pictures, from a host that answers Range requests. */
function addressOf(value: unknown, name: string): string {
  if (value === undefined) throw new Refusal('missing_parameter', name);
  const url = URL.canParse(textOf(value)) ? new URL(textOf(value)) : undefined;
  if (!url) throw new Refusal('unreachable_media', name);
  if (url.hostname.startsWith('unreachable')) throw new Refusal('unreachable_media', url.href);
  if (name === 'image_url' && /\.(png|gif|webp)$/i.test(url.pathname)) throw new Refusal('refused_media', url.href);
  return url.href;
}

function createContainer(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform);
  const { fields } = request;
  demand(textOf(fields.caption).length <= MAX_CAPTION, 'too_long', 'caption');
  const type = textOf(fields.media_type);
  demand(['', 'IMAGE', 'CAROUSEL', ...VIDEOS].includes(type), 'invalid_media_type', type);
  const isVideo = VIDEOS.includes(type);
  const content =
    type === 'CAROUSEL' ? { children: childrenOf(request, platform, account) } : sourceOf(fields, isVideo);
  const record = prepare(platform, {
    id: stableNumber(17, 'container', randomText(12)),
    account,
    kind: String(fields.is_carousel_item) === 'true' ? 'child' : 'container',
    details: { ...content, caption: textOf(fields.caption) },
  });
  const failure = failureOf(grant, record);
  if (failure) record.details = { ...record.details, failure };
  process(platform, grant, record, isVideo ? 2 : 1);
  return { status: 200, body: { id: record.id } };
}

/** A host that answers no Range requests is found out while the media is processed. */
const failureOf = (grant: GrantRecord, { details }: PreparedRecord): string | undefined => {
  if (postingOf(grant).processingFails) return '2207026';
  return details.url?.includes('//no-range') ? '2207077' : undefined;
};

const sourceOf = (fields: PublishRequest['fields'], isVideo: boolean): { url: string } =>
  isVideo ? { url: addressOf(fields.video_url, 'video_url') } : { url: addressOf(fields.image_url, 'image_url') };

function childrenOf({ fields }: PublishRequest, platform: Platform, account: string): string {
  const ids = textOf(fields.children).split(',').filter(Boolean);
  if (ids.length < CHILDREN.least || ids.length > CHILDREN.most) throw new Refusal('invalid_carousel', 'children');
  for (const id of ids) {
    const child = containerOf(platform, account, id);
    if (child.kind !== 'child') throw new Refusal('invalid_carousel', id);
    if (child.state !== 'ready') throw new Refusal('unfinished_reference', id);
  }
  return ids.join(',');
}

/** Whatever its age: a container that was not published within a day has expired. */
function containerOf({ definition, state }: Platform, account: string, id: string): PreparedRecord {
  const record = state.posts.prepared.get(`${definition.name}|${id}`);
  if (record?.account !== account) throw new Refusal('unknown_reference', id);
  return record;
}

/** A container is published once; what is published in spite of a refusal is marked so. */
function publishContainer(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform);
  const record = containerOf(platform, account, textOf(request.fields.creation_id));
  demand(record.expiresAt > platform.state.clock.now(), 'expired_reference', record.id);
  demand(record.state !== 'published' && record.state !== 'failed', 'unknown_reference', record.id);
  demand(record.state === 'ready' && record.kind === 'container', 'unfinished_reference', record.id);
  const id = stableNumber(17, 'media', randomText(12));
  const draft = { id, account, text: record.details.caption ?? '', media: mediaOf(platform, record) };
  try {
    if (publish(platform, grant, draft).seq > 0) markPublished(platform, record, id);
  } catch (error) {
    if (isRestricted(error)) markPublished(platform, record, id);
    throw error;
  }
  return { status: 200, body: { id } };
}

const isRestricted = (error: unknown): boolean => error instanceof Refusal && error.reason === 'restricted_activity';

const mediaOf = (platform: Platform, { account, details, ...record }: PreparedRecord): string[] =>
  details.children === undefined
    ? [shownMedia({ account, details, ...record })]
    : details.children.split(',').map((id) => shownMedia(containerOf(platform, account, id)));

function markPublished({ state }: Platform, record: PreparedRecord, media: string): void {
  record.state = 'published';
  record.details = { ...record.details, media };
  state.posts.prepared.save(record);
}

function statusOf(platform: Platform, record: PreparedRecord): object {
  const { state, expiresAt, details } = look(platform, record);
  if (state === 'published')
    return { status_code: 'PUBLISHED', status: 'Published: Media has been successfully published.' };
  if (expiresAt <= platform.state.clock.now()) return { status_code: 'EXPIRED', status: 'Expired' };
  if (state === 'failed')
    return {
      status_code: 'ERROR',
      status: `Error: Media upload has failed with error code ${details.failure ?? ''}`,
    };
  return state === 'ready'
    ? { status_code: 'FINISHED', status: 'Finished: Media has been uploaded and it is ready to be published.' }
    : { status_code: 'IN_PROGRESS', status: 'In Progress' };
}

/** A container, or a published medium. */
function readObject(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, BASIC);
  const { id = '' } = request.path;
  const record = platform.state.posts.prepared.get(`${platform.definition.name}|${id}`);
  if (record?.account === account) return { status: 200, body: { ...statusOf(platform, record), id } };
  return { status: 200, body: mediaView(postOf(platform, account, id)) };
}

const mediaView = ({ id, text, at }: EffectRecord): object => ({
  id,
  caption: text || undefined,
  permalink: `https://www.instagram.com/p/${id}/`,
  timestamp: new Date(at).toISOString().replace(/\.\d+Z$/, '+0000'),
});

function listMedia(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, BASIC);
  return { status: 200, body: { data: listed(platform, grant, account).slice(0, 25).map(mediaView) } };
}

function publishingLimit(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform);
  const { definition, state } = platform;
  const used = state.posts.of(definition.name, account, state.clock.now() - QUOTA.window).length;
  const config = { quota_total: QUOTA.posts, quota_duration: QUOTA.window / 1_000 };
  return { status: 200, body: { data: [{ quota_usage: used, config }] } };
}

const code = (message: string, number: number, subcode: number): SandboxAnswer =>
  graphError({ message, code: number, subcode });
const notFound = (id: string): SandboxAnswer =>
  code(`The requested resource does not exist: Media ID ${id} is not found`, 24, 2207006);

const refuse = refuseGraph({
  ...own,
  unknown_object: (id) => code(`Unsupported request. Object with ID '${id}' does not exist`, 100, 33),
  unknown_reference: notFound,
  expired_reference: () => code('The media container has expired', -2, 2207020),
  unfinished_reference: () => code('Media ID is not available', 9007, 2207027),
  invalid_media_type: () => code('Only photo or video can be accepted as media type', 100, 2207023),
  invalid_carousel: () => code('The carousel must have between 2 and 10 items', 100, 2207028),
  unreachable_media: () => code('The media could not be fetched from this URI', 9004, 2207052),
  refused_media: () => code('The image format is not supported', 36001, 2207005),
  too_long: () => code('The caption was too long', 36004, 2207010),
  quota_spent: () => code('The user has reached the maximum number of posts', 9, 2207042),
  restricted_activity: () => code('We restrict certain activity to protect our community', 4, 2207051),
});

const graph = (path: string): string => `https://graph.instagram.com/v25.0${path}`;

export const instagramSandboxPublishing: SandboxPublishing = {
  endpoints: [
    { method: 'GET', url: graph('/:ig/content_publishing_limit'), step: 'prepare', handle: publishingLimit },
    { method: 'POST', url: graph('/:ig/media'), step: 'prepare', handle: createContainer },
    { method: 'POST', url: graph('/:ig/media_publish'), step: 'commit', handle: publishContainer },
    { method: 'GET', url: graph('/:ig/media'), step: 'listing', handle: listMedia },
    { method: 'GET', url: graph('/:id'), step: 'status', handle: readObject },
  ],
  refuse,
  ownRefusals: ['quota_spent', 'restricted_activity'],
  quota: QUOTA,
};
