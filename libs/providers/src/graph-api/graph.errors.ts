import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { refusesApp } from './app-sentences.js';
import { secondsToRegainAccess } from './usage-headers.js';

type Meaning = Omit<Failure, 'code'>;

const permanent = (reason: string): Meaning => ({ class: 'permanent', reason });
const ownerActs = (reason: string): Meaning => ({ class: 'owner', reason });
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };
const SCOPE_MISSING: Meaning = { class: 'permission', reason: 'scope_missing' };
const UNAVAILABLE: Meaning = { class: 'temporary', reason: 'provider_unavailable' };
const LIMITED: Meaning = { class: 'temporary', reason: 'rate_limited' };
const A_DAY = 24 * 60 * 60;

/** Subcodes of 190 and 102, from the error reference and, above 464, from lists of the time before it was cut short. */
const SESSION: Record<string, Meaning> = {
  456: permanent('grant_revoked'),
  458: permanent('grant_revoked'),
  459: ownerActs('checkpoint'),
  460: permanent('password_changed'),
  461: permanent('grant_revoked'),
  462: permanent('grant_revoked'),
  463: permanent('grant_expired'),
  464: ownerActs('checkpoint'),
  465: permanent('grant_revoked'),
  466: permanent('grant_revoked'),
  467: permanent('grant_revoked'),
  468: permanent('grant_expired'),
  490: ownerActs('checkpoint'),
  492: permanent('role_lost'),
};

const session = (code: number): Record<string, Meaning> => ({
  [code]: permanent('grant_revoked'),
  ...Object.fromEntries(Object.entries(SESSION).map(([subcode, meaning]) => [`${code}/${subcode}`, meaning])),
});

/** Business use cases: pages, messaging, advertising and the like, each with a number. */
const USE_CASES = Array.from({ length: 15 }, (_, index) => 80_000 + index);
const PERMISSIONS = Array.from({ length: 100 }, (_, index) => 200 + index);
const all = (codes: number[], meaning: Meaning): Record<string, Meaning> =>
  Object.fromEntries(codes.map((code) => [code, meaning]));

/** By `code/error_subcode`; a number alone: the code without a subcode. */
const EXACT: Record<string, Meaning> = {
  ...session(190),
  ...session(102),
  '100/33': { class: 'permission', reason: 'role_lost' },
  /** A code that was used, is too old, or came back to another redirect URI. */
  '100/36007': permanent('grant_revoked'),
  '100/36008': permanent('grant_revoked'),
  '100/36009': permanent('grant_revoked'),
  '368/1404006': ownerActs('checkpoint'),
  '368/1404078': ownerActs('checkpoint'),
  '25/2207050': ownerActs('suspended'),
  /** Its text is "Application request limit reached", but the limit is of this account. */
  '4/2207051': ownerActs('blocked'),
  '9/2207042': { ...LIMITED, retryAfter: A_DAY },
};

/** By code, whatever its subcode. */
const BY_CODE: Record<string, Meaning> = {
  1: UNAVAILABLE,
  2: UNAVAILABLE,
  ...all([4, 17, 32, 341, 613, ...USE_CASES], LIMITED),
  ...all([3, 10, ...PERMISSIONS], SCOPE_MISSING),
  /** 5: a server whose address is not in the app's list of allowed ones. */
  ...all([5, 101, 191], MISCONFIGURED),
  368: ownerActs('blocked'),
};

/** Comes under several codes, and often without a subcode. */
const CHECKPOINT = /\bYou cannot access the app till you log in to www\.\w+\.com and follow the instructions given\.?$/;

const number = z.number().nullish().catch(null);
const GraphError = z.object({
  code: z.number(),
  error_subcode: number,
  /** What `debug_token` calls it. */
  subcode: number,
  message: z.string().catch(''),
  is_transient: z.boolean().catch(false),
});
const Envelope = z.object({ error: GraphError });
type GraphError = z.output<typeof GraphError>;

/**
 * What an error of the Graph API means, on each of its hosts: by code and subcode, never by the status, because
 * revoked tokens come with 400. Undefined: not listed. Source: Meta's guide to the Graph API, Handle Errors; November 2026.
 */
export function classifyGraphError({ json, headers }: ReadAnswer): Failure | undefined {
  const isOfApp = refusesApp(json);
  const { data } = Envelope.safeParse(json);
  if (!data) return isOfApp ? { ...MISCONFIGURED, code: 'app_refused' } : undefined;
  const meaning = meaningOf(data.error, isOfApp);
  if (meaning?.reason !== 'rate_limited') return meaning;
  return { ...meaning, retryAfter: meaning.retryAfter ?? secondsToRegainAccess(headers) };
}

function meaningOf(error: GraphError, isOfApp: boolean): Failure | undefined {
  const code = exactCode(error);
  const listed = meaningOfSentence(error, isOfApp) ?? own(EXACT, code) ?? own(BY_CODE, `${error.code}`);
  const meaning = error.is_transient && listed?.class !== 'temporary' ? UNAVAILABLE : listed;
  return meaning && { ...meaning, code };
}

/** A sentence is more precise than the code beside it. */
function meaningOfSentence({ message }: GraphError, isOfApp: boolean): Meaning | undefined {
  if (CHECKPOINT.test(message)) return ownerActs('checkpoint');
  return isOfApp ? MISCONFIGURED : undefined;
}

function exactCode({ code, error_subcode, subcode }: GraphError): string {
  const below = error_subcode ?? subcode ?? 0;
  return below === 0 ? `${code}` : `${code}/${below}`;
}

const own = (table: Record<string, Meaning>, key: string): Meaning | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
