import { createHash } from 'node:crypto';
import { days, type Duration, hours } from '#config';
import type { Platform, SentBytes } from './contract.js';
import { personaOf } from './platform.js';
import type { EffectRecord, PreparedRecord } from './post-book.js';
import type { PostingTraits } from './post-personas.js';
import type { GrantRecord } from './records.js';
import { demand, Refusal, type RefusalReason } from './refusal.js';

/** How long references to uploads stay good where the platform names no other time. */
const PREPARED_LIFE = days(1);

export const postingOf = (grant: GrantRecord): PostingTraits => personaOf(grant).traits.posting ?? {};

/** A new upload, container or registration of the account. */
export function prepare(
  { definition, state }: Platform,
  given: Pick<PreparedRecord, 'id' | 'account' | 'kind'> & Partial<PreparedRecord>,
): PreparedRecord {
  const record: PreparedRecord = {
    provider: definition.name,
    expiresAt: state.clock.now() + PREPARED_LIFE,
    state: 'ready',
    looksLeft: 0,
    size: 0,
    parts: {},
    details: {},
    ...given,
  };
  state.posts.prepared.save(record);
  return record;
}

/** What the account prepared under this id, whatever its state; refuses what is unknown, of another account or expired. */
export function preparedOf({ definition, state }: Platform, account: string, id: string): PreparedRecord {
  const record = state.posts.prepared.get(`${definition.name}|${id}`);
  if (record?.account !== account) throw new Refusal('unknown_reference', id);
  if (record.expiresAt <= state.clock.now()) throw new Refusal('expired_reference', id);
  return record;
}

/** What can be part of a post now: each look lets processing proceed; refuses what is unfinished or failed. */
export function readyOf(platform: Platform, account: string, id: string): PreparedRecord {
  const record = look(platform, preparedOf(platform, account, id));
  if (record.state === 'failed') throw new Refusal('failed_reference', id);
  if (record.state !== 'ready') throw new Refusal('unfinished_reference', id);
  return record;
}

/** A look at something that may be processing. */
export function look({ state }: Platform, record: PreparedRecord): PreparedRecord {
  if (record.state !== 'processing') return record;
  if (record.looksLeft > 0) record.looksLeft -= 1;
  else record.state = record.details.failure ? 'failed' : 'ready';
  state.posts.prepared.save(record);
  return record;
}

/** The bytes of an upload are complete: it is processed, for as long as the persona has it. */
export function process(platform: Platform, grant: GrantRecord, record: PreparedRecord, looks = 1): void {
  const { slowBy = 0, processingFails } = postingOf(grant);
  record.state = looks + slowBy > 0 || processingFails ? 'processing' : 'ready';
  record.looksLeft = Math.max(0, looks - 1) + slowBy;
  if (processingFails) record.details = { ...record.details, failure: record.details.failure ?? 'unprocessable' };
  platform.state.posts.prepared.save(record);
}

/** Stores one part; the same part again replaces it. */
export function receive(platform: Platform, record: PreparedRecord, part: string, bytes: SentBytes): void {
  record.parts = { ...record.parts, [part]: bytes };
  platform.state.posts.prepared.save(record);
}

export const receivedBytes = ({ parts }: PreparedRecord): number =>
  Object.values(parts).reduce((sum, { size }) => sum + size, 0);

/** How the ledger shows an upload: its address, or the number and the digest of its bytes. */
export const shownMedia = (record: PreparedRecord): string =>
  record.details.url ??
  `${receivedBytes(record)} bytes ${Object.values(record.parts)
    .map(({ digest }) => digest)
    .join('+')}`;

/** One call more against a limit of the platform; refuses the one that is too many. */
export function countCall(
  { definition, state }: Platform,
  key: string,
  limit: { readonly calls: number; readonly window: Duration },
  reason: RefusalReason = 'too_many_requests',
): void {
  if (state.posts.count(`${definition.name}|${key}`, limit.window, state.clock.now()) > limit.calls)
    throw new Refusal(reason, key);
}

export type Draft = Pick<EffectRecord, 'id' | 'account' | 'text' | 'media'> &
  Partial<Pick<EffectRecord, 'details'>> & {
    /** The platform refused what it refuses for the persona in an earlier call. */
    readonly isChecked?: true;
  };

/**
 * The one call that makes a post public. Refuses for the platform's quota, repeats and the habits of the persona; what a
 * persona loses is noted, so that the server cuts the connection.
 */
export function publish(platform: Platform, grant: GrantRecord, { isChecked, ...draft }: Draft): EffectRecord {
  const { definition, notes, state } = platform;
  const { commitRefused, contradicts, losesCommit } = postingOf(grant);
  if (commitRefused && !isChecked) throw new Refusal(commitRefused, draft.account);
  demand(contradicts !== 'ghost', 'duplicate_post', draft.id);
  assertAllowed(platform, draft);
  const effect = {
    provider: definition.name,
    clientId: grant.clientId,
    at: state.clock.now(),
    details: {},
    ...draft,
  };
  notes.cutConnection = losesCommit === 'after' || (losesCommit === 'before' && isFirst(platform, draft));
  if (losesCommit === 'before' && notes.cutConnection) return { ...effect, seq: 0 };
  const posted = state.posts.add(effect);
  demand(contradicts !== 'restricted_live', 'restricted_activity', draft.id);
  return posted;
}

function assertAllowed({ definition, state }: Platform, { account, text }: Draft): void {
  const { quota, refusesRepeatsFor } = definition.publishing ?? {};
  const now = state.clock.now();
  const recent = (window: Duration): EffectRecord[] => state.posts.of(definition.name, account, now - window);
  const repeated = refusesRepeatsFor && text !== '' && recent(refusesRepeatsFor).find((post) => post.text === text);
  if (repeated) throw new Refusal('duplicate_post', repeated.id);
  if (quota && recent(quota.window).length >= quota.posts) throw new Refusal('quota_spent', account);
}

const isFirst = ({ definition, state }: Platform, { account, text, media }: Draft): boolean => {
  const digest = createHash('sha256')
    .update(JSON.stringify([text, media]))
    .digest('base64url')
    .slice(0, 22);
  return state.posts.count(`${definition.name}|cut|${account}|${digest}`, hours(24), state.clock.now()) === 1;
};

/** The posts of an account as its lists show them, newest first. */
export function listed({ definition, state }: Platform, grant: GrantRecord, account: string): EffectRecord[] {
  const { listedAfter = 0 } = postingOf(grant);
  const shownUntil = state.clock.now() - listedAfter;
  return state.posts
    .of(definition.name, account)
    .filter(({ at }) => at <= shownUntil)
    .reverse();
}

/** One post of an account; refuses an unknown one. */
export function postOf({ definition, state }: Platform, account: string, id: string): EffectRecord {
  const effect = state.posts.effects.get(`${definition.name}|${id}`);
  if (effect?.account !== account) throw new Refusal('unknown_reference', id);
  return effect;
}
