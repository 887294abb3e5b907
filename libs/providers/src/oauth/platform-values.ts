import { z } from 'zod';
import { Secret } from '#observability';
import type { Failure, Identity, ProbeReading, TokenSet } from '../contract/outcome.js';
import type { CleanProfilePage, Profile, ProfilePage, Provider } from '../contract/provider.js';
import type { PushNotice } from '../contract/push.js';
import { isLoopbackHost } from './loopback.js';

/*
 * The one place where text of platforms becomes values of ours. Every reading of an answer or a push passes through it, so
 * that nothing behind it can be refused by the database (NUL, lone surrogates), grow without bound, or name another person.
 */

const MAX_ID_LENGTH = 255;
const MAX_NAME_LENGTH = 255;
const MAX_URL_LENGTH = 2_048;
/** A cursor may be the whole address of the next page, with a token in it. */
const MAX_CURSOR_LENGTH = 8_192;
const MAX_TOKEN_LENGTH = 16_384;
const MAX_SCOPES = 64;
const MAX_SCOPE_LENGTH = 255;
const MAX_CODE_LENGTH = 100;
/** The last moment that ISO 8601 writes with a year of four digits. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59);

/** An id in an answer: a text, or an integer, whose digits are kept (`parseJson` gives those beyond 2^53 as text). */
export const idField = z.union([z.string().min(1), z.int().transform(String)]);

/** The same in an entry of a list: without a readable id the entry alone is left out, and the list is read. */
export const entryIdField = idField.catch('');

/** A text that may be missing; an empty one, or one of a wrong type, counts as missing. */
export const textField = z
  .string()
  .nullish()
  .catch(null)
  .transform((text) => text || null);

/** Scopes in an answer, as a text with spaces or commas or as a list. Null: absent. Any other value grants nothing. */
export const scopesField = z
  .unknown()
  .optional()
  .transform((value) => {
    if (value === undefined || value === null) return null;
    const texts = Array.isArray(value) ? (value as unknown[]) : [value];
    return texts.flatMap((text) => (typeof text === 'string' ? splitScopes(text) : []));
  });

/** Some list scopes with spaces (RFC 6749 3.3), some with commas; no scope has either in its name. */
export const splitScopes = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Exact or not at all: a changed or shortened id names another person. U+FFFD stands where bytes could not be decoded. */
const isUsableId = (id: string): boolean =>
  id.length >= 1 && id.length <= MAX_ID_LENGTH && !/[\p{Cc}\p{Cs}\u{fffd}]/u.test(id);

/** No platform uses 0 as an account id: it stands for a missing id. */
const DIGITS = /^[1-9]\d*$/;

const isIdAt = ({ ids }: Pick<Provider, 'ids'>, id: string): boolean =>
  isUsableId(id) && (ids !== 'digits' || DIGITS.test(id));

/** RFC 6749 A.12 and A.17 allow a space too; an Authorization header (RFC 6750 2.1) does not. */
const isUsableToken = (token: Secret): boolean => {
  const text = token.reveal();
  return text.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(text);
};

/** The token set, its scopes bounded; undefined where a token in it cannot be sent. `first`: scopes that are kept before others. */
export function cleanTokenSet(tokens: TokenSet, first: readonly string[]): TokenSet | undefined {
  const { accessToken, refreshToken, scopes } = tokens;
  if (!isUsableToken(accessToken) || (refreshToken && !isUsableToken(refreshToken))) return undefined;
  return { ...tokens, scopes: scopes && cleanScopes(scopes, first) };
}

/** Each once, at most 64. */
function cleanScopes(scopes: readonly string[], first: readonly string[]): string[] {
  const usable = new Set(scopes.filter((scope) => scope.length <= MAX_SCOPE_LENGTH && /^[\x21-\x7e]+$/.test(scope)));
  if (usable.size <= MAX_SCOPES) return [...usable];
  return [...new Set([...first.filter((scope) => usable.has(scope)), ...usable])].slice(0, MAX_SCOPES);
}

/** Undefined where an id in it cannot be used. */
export function cleanIdentity(identity: Identity, provider: Pick<Provider, 'ids' | 'scopes'>): Identity | undefined {
  const { platformUserId, platformAccountId, scopes } = identity;
  if (!isIdAt(provider, platformUserId) || !isIdAt(provider, platformAccountId)) return undefined;
  const cleaned = scopes && cleanScopes(scopes, provider.scopes.required);
  return { ...identity, ...cleanNames(identity), ...(cleaned && { scopes: cleaned }) };
}

/** Without the profiles whose id cannot be used; they are counted, because the list does not contain them. */
export function cleanProfilePage(page: ProfilePage, provider: Pick<Provider, 'ids'>): CleanProfilePage {
  const usable = page.profiles.filter(({ platformAccountId }) => isIdAt(provider, platformAccountId));
  const isTooLong = page.after !== null && page.after.length > MAX_CURSOR_LENGTH;
  return {
    ...page,
    profiles: usable.map(cleanProfile),
    unusable: page.profiles.length - usable.length,
    ...(isTooLong && { after: null, cutOff: true as const }),
  };
}

/** A profile whose token cannot be sent has none. */
function cleanProfile(profile: Profile): Profile {
  const { accessToken, ineligible } = profile;
  const usable = accessToken && isUsableToken(accessToken) ? accessToken : null;
  return {
    ...profile,
    ...cleanNames(profile),
    accessToken: usable,
    ineligible: ineligible ?? (accessToken && !usable ? 'task_missing' : null),
  };
}

type Names = Pick<Identity, 'handle' | 'displayName' | 'avatarUrl'>;

const cleanNames = ({ handle, displayName, avatarUrl }: Names): Names => ({
  handle: cleanName(handle),
  displayName: cleanName(displayName),
  avatarUrl: cleanAvatarUrl(avatarUrl),
});

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** With overrides, embeddings and isolates of direction, which change the order of the text beside a name. */
const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu;
const LONE_SURROGATES = /\p{Cs}/gu;
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const VISIBLE = /[^\p{C}\p{Z}]/u;

/** Well-formed, on one line, without control characters, cut between two graphemes; null where nothing of it can be seen. */
export function cleanName(name: string | null): string | null {
  if (name === null) return null;
  const clean = name.replace(LONE_SURROGATES, '\ufffd').replace(BREAKS, ' ').replace(CONTROLS, '').trim();
  if (!VISIBLE.test(clean)) return null;
  return clean.length <= MAX_NAME_LENGTH ? clean : cut(clean);
}

/** One grapheme can be as long as its sender likes: then the cut is between two code points of it. */
function cut(text: string): string {
  const start = text.slice(0, MAX_NAME_LENGTH + 1);
  const last = [...GRAPHEMES.segment(start)].at(-1)?.index ?? 0;
  const kept = last > 0 ? last : MAX_NAME_LENGTH;
  return text
    .slice(0, kept)
    .replace(/[\ud800-\udbff]$/, '')
    .trim();
}

/** An https URL, serialised; http on a loopback host alone, which is where the sandbox has its pictures. */
function cleanAvatarUrl(text: string | null): string | null {
  if (text === null || text.length > MAX_URL_LENGTH || !URL.canParse(text)) return null;
  const url = new URL(text);
  return isSafe(url) && url.href.length <= MAX_URL_LENGTH ? url.href : null;
}

const isSafe = ({ protocol, hostname, username, password }: URL): boolean =>
  username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname)));

/** A code goes into logs, metrics and events: visible ASCII, and not much of it. */
export function cleanFailure(failure: Failure): Failure {
  const code = failure.code.replace(/[^\x21-\x7e]+/g, '').slice(0, MAX_CODE_LENGTH);
  return { ...failure, code: code || 'unreadable' };
}

export function cleanReading(reading: ProbeReading, first: readonly string[]): ProbeReading {
  if (!reading.ok) return { ok: false, failure: cleanFailure(reading.failure) };
  const { scopes, reauthDueAt } = reading;
  const dueAt = reauthDueAt && cleanTime(reauthDueAt);
  return { ok: true, ...(scopes && { scopes: cleanScopes(scopes, first) }), ...(dueAt && { reauthDueAt: dueAt }) };
}

/** Undefined where its id cannot be used: no account can match it. */
export function cleanNotice(notice: PushNotice): PushNotice | undefined {
  return isUsableId(notice.platformUserId) ? { ...notice, at: notice.at && cleanTime(notice.at) } : undefined;
}

/** A moment that a timestamp can hold, or null. */
const cleanTime = (time: Date): Date | null => (time.getTime() > 0 && time.getTime() <= LAST_MOMENT ? time : null);
