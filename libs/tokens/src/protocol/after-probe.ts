import { hours, minutes, seconds } from '#config';
import type { ProbeClass, RefreshMode } from '#persistence/sql';
import type { ProbeReading } from '#providers';
import { after, nextUtcDay, type Random } from './schedule.js';

/** What the rule needs to know of an account. */
export interface ProbedAccount {
  ownToken: boolean;
  mode: RefreshMode;
  probeClass: ProbeClass | null;
  probeStruckAt: Date | null;
  /** Supplied tokens: the platform has yet to say that they belong to this profile, or has said that they do not. */
  isUnconfirmed?: boolean;
}

/** What a probe changes in an account, and whether its grant is to be refreshed at once: the refresh then decides. */
export interface ProbeChange {
  probeClass: ProbeClass | null;
  probeReason: string | null;
  probeStruckAt: Date | null;
  probeDueAt: Date;
  refreshNow: boolean;
}

/** The reason of tokens that belong to another profile than the account. */
export const PROFILE_MISMATCH = 'profile_mismatch';

const ASK_AGAIN = seconds(60);
const APART = seconds(50);
const OWNER_PAUSE = hours(1);
const HICCUP_PAUSE = minutes(5);
const SPREAD = 0.1;

export interface ProbeMoment {
  now: Date;
  random: Random;
  /** Milliseconds between probes of this platform. */
  every: number;
  /** What was answered today is not asked again today. */
  oncePerUtcDay?: boolean;
}

/** What a probe means, and when the next one is due. */
export function afterProbe(account: ProbedAccount, reading: ProbeReading, moment: ProbeMoment): ProbeChange {
  const change = decideProbe(account, reading, moment);
  if (!moment.oncePerUtcDay || !isAnswered(reading)) return change;
  // Not all at midnight.
  const tomorrow = after(nextUtcDay(moment.now), moment.every * SPREAD * moment.random());
  return change.probeDueAt < tomorrow ? { ...change, probeDueAt: tomorrow } : change;
}

/** Whether the platform said something about the account, rather than about itself or the app. */
const isAnswered = (reading: ProbeReading): boolean =>
  reading.ok || (reading.failure.class !== 'temporary' && reading.failure.class !== 'app');

/** One refusal never decides: the refresh does, or where there is none a second probe a minute later. */
function decideProbe(account: ProbedAccount, reading: ProbeReading, moment: ProbeMoment): ProbeChange {
  const { now, every, random } = moment;
  const regular = after(now, every * (1 + SPREAD * random()));
  if (reading.ok) return { ...NOTHING, probeDueAt: regular, refreshNow: false };
  const { failure } = reading;
  if (failure.class === 'permanent') return refused(account, failure.reason, moment);
  const standing = {
    probeClass: account.probeClass,
    probeReason: null,
    probeStruckAt: account.probeStruckAt,
    refreshNow: false,
  };
  const pause = Math.max(HICCUP_PAUSE, seconds(failure.retryAfter ?? 0));
  if (failure.class === 'temporary' || failure.class === 'app')
    return { ...standing, probeDueAt: after(now, Math.min(pause, every)) };
  const probeDueAt = after(now, Math.min(OWNER_PAUSE, every));
  return { probeClass: failure.class, probeReason: failure.reason, probeStruckAt: null, probeDueAt, refreshNow: false };
}

const NOTHING = { probeClass: null, probeReason: null, probeStruckAt: null } as const;

/** The tokens of another profile cannot be mended by a refresh. */
const canRefresh = ({ ownToken, mode }: ProbedAccount, reason: string): boolean =>
  !ownToken && mode !== 'none' && reason !== PROFILE_MISMATCH;

function refused(account: ProbedAccount, probeReason: string, { now, every }: ProbeMoment): ProbeChange {
  if (canRefresh(account, probeReason)) {
    // Tokens that the platform has not confirmed stay unverified: the probe after the refresh compares their profile.
    return { ...NOTHING, ...unverifiedAgain(account), probeDueAt: after(now, every), refreshNow: true };
  }
  const first = account.probeStruckAt;
  const again = first !== null && now.getTime() - first.getTime() >= APART;
  if (again)
    return {
      probeClass: 'permanent',
      probeReason,
      probeStruckAt: first,
      probeDueAt: after(now, every),
      refreshNow: false,
    };
  return {
    ...firstRefusal(account, probeReason),
    probeStruckAt: first ?? now,
    probeDueAt: after(now, ASK_AGAIN),
    refreshNow: false,
  };
}

/** A reason that says nothing of the confirmation, such as a checkpoint that is over, does not stay. */
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
