import type { AccountFacts, Facts, PlatformFacts } from './facts.js';

export type InvariantName = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7';

/** One promise that was broken, and by what. */
export interface Breach {
  invariant: InvariantName;
  what: string;
}

const UNKNOWN = 'refresh_outcome_unknown';
const UNDECIDED = ['unknown', 'claimed', 'in_flight'];

/** What each of them promises, for the documentation of a breach. */
export const INVARIANTS: Record<InvariantName, string> = {
  I1: 'the stored refresh token is the one that works, for every account not reported as refresh_outcome_unknown',
  I2: 'the platform never saw one token twice, except where no answer came to the first sending, and the tries of the dead',
  I3: 'each commit has exactly one event, each event one commit',
  I4: 'no account with a living grant is needs_reauth; none with a dead one is active after 30 minutes',
  I5: 'nothing stays unknown, claimed or in_flight for over 60 seconds after the faults',
  I6: 'the journal is empty after the drain, and no token stands anywhere in the clear',
  I7: 'nothing is lost whose answer had reached the journal',
};

/** Whether what we store is not what works any more, though nobody ended the grant. */
export function isLost(account: AccountFacts, platform: PlatformFacts): boolean {
  return !platform.revoked.has(account.person) && !isLiving(account, platform);
}

/** Whether the person was told that we do not know. */
export const isReported = ({ health, reason }: AccountFacts): boolean =>
  health === 'needs_reauth' && reason === UNKNOWN;

/** Called dead while what we store still works. */
export const isFalseDeath = (account: AccountFacts, platform: PlatformFacts): boolean =>
  account.health === 'needs_reauth' && isLiving(account, platform);

/** Every promise that these facts break. */
export const breachesOf = (facts: Facts): Breach[] => CHECKS.flatMap((check) => check(facts));

const CHECKS: readonly ((facts: Facts) => Breach[])[] = [
  storedIsLeaf,
  neverTwice,
  oneEventEach,
  deadOrAlive,
  decided,
  nothingLeftBehind,
  nothingLostOnDisk,
];

function isLiving({ person, stored }: AccountFacts, { leaves }: PlatformFacts): boolean {
  const leaf = leaves.get(person) ?? null;
  return leaf !== null && leaf === stored;
}

function storedIsLeaf({ accounts, platform }: Facts): Breach[] {
  return accounts
    .filter((account) => isLost(account, platform) && !isReported(account))
    .map((account) => breach('I1', `${tell(account)} holds a token that does not work, and says nothing of it`));
}

/** Whoever is told to be lost is tried once more after an hour and after a day, with the token that is stored. */
function neverTwice({ accounts, platform, unanswered }: Facts): Breach[] {
  const dead = new Set(accounts.filter(isReported).map(({ stored }) => stored));
  const spent = new Map<string, number>();
  for (const { token, rotated } of platform.sends) {
    const before = spent.get(token);
    if (before !== undefined) spent.set(token, before + 1);
    else if (rotated) spent.set(token, 0);
  }
  return [...spent]
    .filter(([token, again]) => !dead.has(token) && again > (unanswered.get(token) ?? 0))
    .map(([token, again]) => breach('I2', `the token ${token.slice(0, 12)} was spent and came ${again} more times`));
}

function oneEventEach({ accounts }: Facts): Breach[] {
  return accounts
    .map((account) => ({ account, commits: account.version - account.firstVersion }))
    .filter(({ account, commits }) =>
      [account.told, account.queued, account.committed].some((count) => count !== commits),
    )
    .map(({ account, commits }) =>
      breach(
        'I3',
        `${tell(account)}: ${commits} commits, ${account.told} events, ${account.queued} in the outbox, ${account.committed} intents`,
      ),
    );
}

function deadOrAlive({ accounts, platform }: Facts): Breach[] {
  const killed = accounts.filter((account) => isFalseDeath(account, platform));
  const undead = accounts.filter((account) => account.health === 'active' && !isLiving(account, platform));
  return [
    ...killed.map((account) => breach('I4', `${tell(account)} is called dead and lives`)),
    ...undead.map((account) => breach('I4', `${tell(account)} is called active and is dead`)),
  ];
}

/** Whose verdict was told is decided: one of the later tries of the dead may get lost, and is made again in its time. */
function decided({ accounts, late }: Facts): Breach[] {
  const stuck = accounts.filter(
    (account) => UNDECIDED.includes(account.state) && !(account.state === 'unknown' && isReported(account)),
  );
  return [
    ...stuck.map((account) => breach('I5', `${tell(account)} is still ${account.state}`)),
    ...accounts
      .filter(({ grantId }) => late.includes(grantId))
      .map((account) => breach('I5', `${tell(account)} was not decided within a minute`)),
  ];
}

function nothingLeftBehind({ unsettled, inTheClear }: Facts): Breach[] {
  return [
    ...(unsettled > 0 ? [breach('I6', `the journal still holds ${unsettled} exchanges`)] : []),
    ...inTheClear.map((place) => breach('I6', `a token stands in the clear in ${place}`)),
  ];
}

function nothingLostOnDisk({ accounts, platform, journaled }: Facts): Breach[] {
  const answered = new Set(journaled.map(({ grantId, version }) => `${grantId} ${version}`));
  return accounts
    .filter((account) => isLost(account, platform) && answered.has(`${account.grantId} ${account.version}`))
    .map((account) => breach('I7', `${tell(account)} is lost, and its answer was in the journal`));
}

const tell = ({ accountId, health }: AccountFacts): string => `account ${accountId} (${health})`;
const breach = (invariant: InvariantName, what: string): Breach => ({ invariant, what });
