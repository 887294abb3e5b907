import { hours, minutes, seconds } from '#config';
import type { ProbeClass } from '#persistence/sql';
import type { Failure, ProbeReading } from '#providers';
import {
  API_REJECTS_TOKEN,
  type ApiCanary,
  countRefusal,
  isJustIssued,
  isRejected,
  mayBeRejected,
  type ProbedToken,
} from './refused-tokens.js';
import { after, nextUtcDay, type Random } from './schedule.js';

/** The facts of an account that the rule needs. */
export interface ProbedAccount extends ProbedToken {
  ownToken: boolean;
  probeClass: ProbeClass | null;
  probeReason: string | null;
  probeStruckAt: Date | null;
  /** The platform refuses the app, or its breaker is not closed: refusals of tokens do not count. */
  isAppFailing?: boolean;
  /** Supplied tokens: the platform has yet to confirm that they belong to this profile, or has denied it. */
  isUnconfirmed?: boolean;
}

/** What a probe changes in an account, and whether its grant is to be refreshed at once: the refresh then decides. */
export interface ProbeChange {
  probeClass: ProbeClass | null;
  probeReason: string | null;
  probeStruckAt: Date | null;
  probeDueAt: Date;
  refusedAt: readonly Date[];
  refreshNow: boolean;
}

/** The reason of tokens that belong to another profile than the account. */
export const PROFILE_MISMATCH = 'profile_mismatch';

const REPEAT_AFTER_MS = seconds(60);
/** Two answers within this time count once: a caller may repeat a probe. */
const APART = seconds(50);
const OWNER_PAUSE = hours(1);
const HICCUP_PAUSE = minutes(5);
const SPREAD = 0.1;

export interface ProbeMoment {
  now: Date;
  random: Random;
  /** Milliseconds between probes of this platform. */
  every: number;
  /** A probe that was answered is not repeated on the same day. */
  oncePerUtcDay?: boolean;
  /** What other accounts show, where `needsApiCanary` requires it. */
  canary?: ApiCanary | undefined;
  /** An accepted probe names fewer scopes than are known to be granted, and one of the missing is required. */
  isNarrower?: boolean;
}

/** What a probe means, and when the next one is due. */
export function afterProbe(account: ProbedAccount, reading: ProbeReading, moment: ProbeMoment): ProbeChange {
  const change = decideProbe(account, reading, moment);
  if (!moment.oncePerUtcDay || !isAnswered(reading) || isSecondDue(change, moment.now)) return change;
  // Jitter, so that probes are not all due at 00:00 UTC.
  const tomorrow = after(nextUtcDay(moment.now), moment.every * SPREAD * moment.random());
  return change.probeDueAt < tomorrow ? { ...change, probeDueAt: tomorrow } : change;
}

/** Whether the answer concerns the account, rather than about itself or the app. */
const isAnswered = (reading: ProbeReading): boolean =>
  reading.ok || (reading.failure.class !== 'temporary' && reading.failure.class !== 'app');

/** A second probe follows: no platform bills a refusal, or the same request twice in a day. */
const isSecondDue = ({ probeStruckAt, probeDueAt }: ProbeChange, now: Date): boolean =>
  probeStruckAt !== null && probeDueAt <= after(now, REPEAT_AFTER_MS);

type Refusal = Extract<ProbeReading, { ok: false }>;
const isRefusal = (reading: ProbeReading): reading is Refusal => !reading.ok && reading.failure.class === 'permanent';

/** Whether a refusal would decide that the API refuses each new token of the account. Other accounts are checked first, and then this one again. */
export const needsApiCanary = (account: ProbedAccount, reading: ProbeReading, now: Date): boolean =>
  isRefusal(reading) &&
  canRefresh(account, reading.failure.reason) &&
  !isFirstOfFreshToken(account, now) &&
  !isDecided(account) &&
  mayBeRejected(refusalsOf(account, now));

const isDecided = ({ probeClass, probeReason }: ProbedAccount): boolean =>
  probeClass === 'permanent' && probeReason === API_REJECTS_TOKEN;

const refusalsOf = (account: ProbedAccount, now: Date): readonly Date[] =>
  account.isAppFailing ? account.refusedAt : countRefusal(account, now);

/** A platform may accept a token some seconds after it issued it. A first refusal counts at any age, because it only causes a refresh. */
const isFirstOfFreshToken = (account: ProbedAccount, now: Date): boolean =>
  account.refusedAt.length > 0 && isJustIssued(account, now) && !isSecond(account, 'permanent', now);

/** The classes of answers that require something of the person. */
type PersonClass = 'permanent' | 'permission' | 'owner';
const WITH_VALID_TOKEN: readonly (string | null)[] = ['permission', 'owner'] satisfies PersonClass[];

/** The class of the first answer, which no second one has confirmed: `probeReason` holds it, unless the token was refused. */
const firstClassOf = ({ probeStruckAt, probeReason }: ProbedAccount): PersonClass | null => {
  if (probeStruckAt === null) return null;
  return WITH_VALID_TOKEN.includes(probeReason) ? (probeReason as PersonClass) : 'permanent';
};

/** Whether an answer of the same class came before, and long enough ago to count as another one. */
const isSecond = (account: ProbedAccount, of: PersonClass, now: Date): boolean =>
  firstClassOf(account) === of && now.getTime() - (account.probeStruckAt?.getTime() ?? 0) >= APART;

const firstAt = (account: ProbedAccount, of: PersonClass, now: Date): Date =>
  (firstClassOf(account) === of && account.probeStruckAt) || now;

/** One answer never decides that the person must act: a refusal of the token leads to a refresh, anything else to a second probe a minute later. */
function decideProbe(account: ProbedAccount, reading: ProbeReading, moment: ProbeMoment): ProbeChange {
  if (reading.ok) return accepted(account, moment);
  const { now, every } = moment;
  const { failure } = reading;
  if (failure.class === 'permanent') return refused(account, failure.reason, moment);
  const standing = {
    probeClass: account.probeClass,
    probeReason: null,
    probeStruckAt: account.probeStruckAt,
    refusedAt: account.refusedAt,
    refreshNow: false,
  };
  const pause = Math.max(HICCUP_PAUSE, seconds(failure.retryAfter ?? 0));
  if (failure.class === 'temporary' || failure.class === 'app')
    return { ...standing, probeDueAt: after(now, Math.min(pause, every)) };
  return requiresPerson(account, failure, moment);
}

function accepted(account: ProbedAccount, { now, every, random, isNarrower }: ProbeMoment): ProbeChange {
  if (isNarrower && !isSecond(account, 'permission', now)) return firstAnswer(account, 'permission', now);
  const probeDueAt = after(now, every * (1 + SPREAD * random()));
  return { ...NOTHING, probeDueAt, refusedAt: [], refreshNow: false };
}

/** The token is valid, and the platform requires a permission or an action of the owner. */
function requiresPerson(account: ProbedAccount, failure: Failure, { now, every }: ProbeMoment): ProbeChange {
  const of = failure.class === 'owner' ? 'owner' : 'permission';
  if (account.probeClass !== of && !isSecond(account, of, now)) return firstAnswer(account, of, now);
  return {
    probeClass: of,
    probeReason: failure.reason,
    probeStruckAt: null,
    probeDueAt: after(now, Math.min(OWNER_PAUSE, every)),
    refusedAt: refusedAtAfter(account, of),
    refreshNow: false,
  };
}

/** A token without a permission is accepted; that an owner must act proves nothing about the token. */
const refusedAtAfter = ({ refusedAt }: ProbedAccount, of: PersonClass): readonly Date[] =>
  of === 'permission' ? [] : refusedAt;

const firstAnswer = (account: ProbedAccount, of: 'permission' | 'owner', now: Date): ProbeChange => ({
  probeClass: account.isUnconfirmed ? 'unverified' : 'suspected',
  probeReason: of,
  probeStruckAt: firstAt(account, of, now),
  probeDueAt: after(now, REPEAT_AFTER_MS),
  refusedAt: refusedAtAfter(account, of),
  refreshNow: false,
});

const NOTHING = { probeClass: null, probeReason: null, probeStruckAt: null } as const;

/** A refresh cannot correct the tokens of another profile. */
const canRefresh = ({ ownToken, mode }: ProbedAccount, reason: string): boolean =>
  !ownToken && mode !== 'none' && reason !== PROFILE_MISMATCH;

function refused(account: ProbedAccount, probeReason: string, moment: ProbeMoment): ProbeChange {
  const { now, every } = moment;
  if (canRefresh(account, probeReason)) return refusedBeforeRefresh(account, moment);
  const standing = {
    probeStruckAt: firstAt(account, 'permanent', now),
    refusedAt: account.refusedAt,
    refreshNow: false,
  };
  if (isSecond(account, 'permanent', now))
    return { ...standing, probeClass: 'permanent', probeReason, probeDueAt: after(now, every) };
  return { ...standing, ...firstRefusal(account, probeReason), probeDueAt: after(now, REPEAT_AFTER_MS) };
}

/** The refresh decides, unless it has brought new tokens before and the API has refused each of them. */
function refusedBeforeRefresh(account: ProbedAccount, { now, every, canary }: ProbeMoment): ProbeChange {
  if (isFirstOfFreshToken(account, now)) {
    const { probeClass, refusedAt } = account;
    const standing = { probeClass, probeReason: null, refusedAt, refreshNow: false };
    return { ...standing, probeStruckAt: firstAt(account, 'permanent', now), probeDueAt: after(now, REPEAT_AFTER_MS) };
  }
  const refusedAt = refusalsOf(account, now);
  const base = { probeStruckAt: null, probeDueAt: after(now, every), refusedAt };
  if (isDecided(account) || (canary && isRejected(refusedAt, now, canary)))
    return { ...base, probeClass: 'permanent', probeReason: API_REJECTS_TOKEN, refreshNow: false };
  const inDoubt = refusedAt.length > 1 && ({ probeClass: 'suspected', probeReason: 'refresh_unconfirmed' } as const);
  // Tokens that the platform has not confirmed stay unverified: the probe after the refresh compares their profile.
  return { ...NOTHING, ...inDoubt, ...unverifiedAgain(account), ...base, refreshNow: true };
}

/** A reason that does not concern the confirmation, such as a checkpoint that is over, does not stay. */
function unverifiedAgain({ isUnconfirmed, probeClass }: ProbedAccount): Partial<ProbeChange> {
  if (!isUnconfirmed) return {};
  return { probeClass: 'unverified', ...(probeClass !== 'unverified' && { probeReason: 'unverified' }) };
}

function firstRefusal(account: ProbedAccount, probeReason: string): Pick<ProbeChange, 'probeClass' | 'probeReason'> {
  if (!account.isUnconfirmed) return { probeClass: 'suspected', probeReason };
  return {
    probeClass: 'unverified',
    probeReason: probeReason === PROFILE_MISMATCH ? probeReason : 'refresh_unconfirmed',
  };
}
