import {
  demand,
  grantFor,
  type GrantRecord,
  look,
  objectOf,
  type Persona,
  personaOf,
  type Platform,
  postingOf,
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
  stableUuid,
  textOf,
} from '../sandbox/index.js';

const PART_BYTES = 4 * 1024 * 1024;
const VIDEO_BYTES = { least: 75 * 1024, most: 500 * 1024 * 1024 };

export interface Speaker {
  readonly grant: GrantRecord;
  readonly account: string;
  /** As the author of a post. */
  readonly urn: string;
}

/** A person has another subject at each app (`pairwise`), in the ten letters that the real ones have. */
export const subjectOf = (clientId: string, persona: Persona): string =>
  Buffer.from(stableUuid('sub', clientId, persona.number).replaceAll('-', ''), 'hex')
    .toString('base64url')
    .slice(0, 10);

/** A member, by a request that names a version that is in use and the protocol. */
export function speaker(request: PublishRequest, platform: Platform, ...scopes: string[]): Speaker {
  const grant = grantFor(request, platform, ...scopes);
  assertVersion(request, postingOf(grant).commitRefused === 'ended_version');
  const account = subjectOf(grant.clientId, personaOf(grant));
  return { grant, account, urn: `urn:li:person:${account}` };
}

/** A version ends in the middle of its month a year later (the table of migrations, 2026-03). */
function assertVersion({ headers }: PublishRequest, allEnded: boolean): void {
  const version = headers['linkedin-version'] ?? '';
  const [, year = 0, month = 0] = (/^(\d{4})(0[1-9]|1[0-2])$/.exec(version) ?? []).map(Number);
  const [begin, end] = [Date.UTC(year, month - 1, 1), Date.UTC(year + 1, month - 1, 15)];
  demand(!allEnded && Date.now() >= begin && Date.now() < end, 'ended_version', version);
  demand(headers['x-restli-protocol-version'] === '2.0.0', 'missing_parameter', 'X-Restli-Protocol-Version');
}

export const PART = 'https://www.linkedin.com/dms-uploads/:asset/:part';
const partUrl = (asset: string, part: number): string => PART.replace(':asset', asset).replace(':part', String(part));

function initializeUpload(request: PublishRequest, platform: Platform, kind: 'image' | 'video'): PreparedRecord {
  const { account, urn } = speaker(request, platform, 'w_member_social');
  const { owner, fileSizeBytes } = objectOf(request.fields.initializeUploadRequest);
  if (owner !== urn) throw new Refusal('missing_scope', `owner ${textOf(owner)}`);
  const size = Number(fileSizeBytes ?? 0);
  if (kind === 'video' && !(size >= VIDEO_BYTES.least && size <= VIDEO_BYTES.most))
    throw new Refusal('too_large', 'fileSizeBytes');
  const asset = randomText(9).replace(/[-_]/g, 'Z');
  return prepare(platform, { id: `urn:li:${kind}:C${asset}`, account, kind, size, state: 'waiting' });
}

const assetOf = ({ id }: PreparedRecord): string => id.split(':').at(-1) ?? '';

export function images(request: PublishRequest, platform: Platform): SandboxAnswer {
  if (request.query.action !== 'initializeUpload') throw new Refusal('invalid_parameter', 'action');
  const record = initializeUpload(request, platform, 'image');
  const value = {
    uploadUrlExpiresAt: record.expiresAt,
    uploadUrl: partUrl(assetOf(record), 0),
    image: record.id,
  };
  return { status: 200, body: { value } };
}

export function videos(request: PublishRequest, platform: Platform): SandboxAnswer {
  if (request.query.action === 'finalizeUpload') return finalizeUpload(request, platform);
  if (request.query.action !== 'initializeUpload') throw new Refusal('invalid_parameter', 'action');
  const record = initializeUpload(request, platform, 'video');
  const uploadInstructions = Array.from({ length: Math.ceil(record.size / PART_BYTES) }, (_, part) => ({
    firstByte: part * PART_BYTES,
    lastByte: Math.min((part + 1) * PART_BYTES, record.size) - 1,
    uploadUrl: partUrl(assetOf(record), part),
  }));
  const value = { uploadUrlsExpireAt: record.expiresAt, video: record.id, uploadToken: '', uploadInstructions };
  return { status: 200, body: { value } };
}

/** Pre-signed: for a video no token may be sent. */
export function uploadPart(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { asset = '', part = '' } = request.path;
  const record = [...platform.state.posts.prepared.all()].find(
    (one) => one.provider === platform.definition.name && assetOf(one) === asset,
  );
  const bytes = request.files.body;
  demand(record && record.expiresAt > platform.state.clock.now(), 'unknown_reference', asset);
  demand(bytes, 'missing_parameter', 'body');
  const isImage = record.kind === 'image';
  const expected = Math.min(PART_BYTES, record.size - Number(part) * PART_BYTES);
  demand(isImage || !request.authorization, 'wrong_order', 'Authorization');
  demand(isImage || bytes.size === expected, 'wrong_order', `part ${part}`);
  receive(platform, record, part, bytes);
  if (isImage) process(platform, ownerOf(platform, record), record, 0);
  const status = isImage ? 201 : 200;
  return { status, body: '', headers: { etag: `"${etagOf(asset, part, bytes.digest)}"` } };
}

const etagOf = (asset: string, part: string, digest: string): string => `/${asset}/${part}/${digest}`;

function ownerOf({ definition, state }: Platform, { account }: PreparedRecord): GrantRecord {
  const owner = [...state.grants.all()].find(
    (grant) => grant.provider === definition.name && subjectOf(grant.clientId, personaOf(grant)) === account,
  );
  if (!owner) throw new Refusal('unknown_reference', account);
  return owner;
}

/** The ETags of all parts, in order and without their quotes. */
function finalizeUpload(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { grant, account } = speaker(request, platform, 'w_member_social');
  const { video, uploadedPartIds } = objectOf(request.fields.finalizeUploadRequest);
  const record = preparedOf(platform, account, textOf(video));
  const expected = Object.entries(record.parts)
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([part, { digest }]) => etagOf(assetOf(record), part, digest));
  if (JSON.stringify(uploadedPartIds) !== JSON.stringify(expected) || receivedBytes(record) !== record.size)
    throw new Refusal('wrong_order', 'uploadedPartIds');
  process(platform, grant, record);
  return { status: 200, body: '' };
}

/** A member's token may not read images. */
export function imageStatus(request: PublishRequest, platform: Platform): SandboxAnswer {
  speaker(request, platform, 'r_organization_social');
  return { status: 200, body: { id: request.path.urn, status: 'AVAILABLE' } };
}

const STATUS = {
  waiting: 'WAITING_UPLOAD',
  processing: 'PROCESSING',
  ready: 'AVAILABLE',
  failed: 'PROCESSING_FAILED',
  published: 'AVAILABLE',
} as const;

export function videoStatus(request: PublishRequest, platform: Platform): SandboxAnswer {
  const { account } = speaker(request, platform, 'w_member_social');
  const record = look(platform, preparedOf(platform, account, request.path.urn ?? ''));
  const failed = record.state === 'failed' && { processingFailureReason: 'The video could not be transcoded' };
  return { status: 200, body: { id: record.id, status: STATUS[record.state], ...failed } };
}
