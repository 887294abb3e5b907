import type { AccountFacts, Facts, PlatformFacts } from './facts.js';

export type InvariantName = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7';

/** A violated invariant, with a description. */
export interface Breach {
  invariant: InvariantName;
  what: string;
}

const UNKNOWN = 'refresh_outcome_unknown';
const UNDECIDED = ['unknown', 'claimed', 'in_flight'];

/** The text of each invariant, printed with a breach. */
export const INVARIANTS: Record<InvariantName, string> = {
  I1: 'the platform accepts the stored refresh token of every account that is not reported as refresh_outcome_unknown',
  I2: 'no token is sent twice, except after a lost answer and in the later retries of a reported grant',
  I3: 'each commit has exactly one event, each event one commit',
  I4: 'no account with a valid grant is needs_reauth; none with a revoked one is active after 30 minutes',
  I5: 'no grant stays unknown, claimed or in_flight for over 60 seconds after the faults',
  I6: 'the journal is empty after the drain, and no token is stored or logged unencrypted',
  I7: 'no grant is lost whose answer had reached the journal',
};

/** Whether the stored token is not accepted any more although the grant was not revoked. */
export function isLost(account: AccountFacts, platform: PlatformFacts): boolean {
  return !platform.revoked.has(account.person) && !isValid(account, platform);
}

/** Whether the account reports that the outcome of its refresh is unknown. */
export const isReported = ({ health, reason }: AccountFacts): boolean =>
  health === 'needs_reauth' && reason === UNKNOWN;

/** Whether the account needs reauth although the platform accepts the stored token. */
export const isFalseAlarm = (account: AccountFacts, platform: PlatformFacts): boolean =>
  account.health === 'needs_reauth' && isValid(account, platform);

/** Every breach in these facts. */
export const breachesOf = (facts: Facts): Breach[] => CHECKS.flatMap((check) => check(facts));

const CHECKS: readonly ((facts: Facts) => Breach[])[] = [
  storedTokenIsValid,
  noTokenSentTwice,
  oneEventPerCommit,
  healthMatches,
  allDecided,
  nothingLeft,
  noJournaledLoss,
];

function isValid({ person, stored }: AccountFacts, { leaves }: PlatformFacts): boolean {
  const leaf = leaves.get(person) ?? null;
  return leaf !== null && leaf === stored;
}

function storedTokenIsValid({ accounts, platform }: Facts): Breach[] {
  return accounts
    .filter((account) => isLost(account, platform) && !isReported(account))
    .map((account) =>
      breach('I1', `${describe(account)} stores a token that the platform does not accept, and does not report it`),
    );
}

/** A grant that is reported as lost is retried with the stored token after an hour and after a day. */
function noTokenSentTwice({ accounts, platform, unanswered }: Facts): Breach[] {
  const reported = new Set(accounts.filter(isReported).map(({ stored }) => stored));
  const spent = new Map<string, number>();
  for (const { token, rotated } of platform.sends) {
    const before = spent.get(token);
    if (before !== undefined) spent.set(token, before + 1);
    else if (rotated) spent.set(token, 0);
  }
  return [...spent]
    .filter(([token, again]) => !reported.has(token) && again > (unanswered.get(token) ?? 0))
    .map(([token, again]) => breach('I2', `the token ${token.slice(0, 12)} was spent and sent ${again} more times`));
}

function oneEventPerCommit({ accounts }: Facts): Breach[] {
  return accounts
    .map((account) => ({ account, commits: account.version - account.firstVersion }))
    .filter(({ account, commits }) =>
      [account.events, account.queued, account.committed].some((count) => count !== commits),
    )
    .map(({ account, commits }) =>
      breach(
        'I3',
        `${describe(account)}: ${commits} commits, ${account.events} events, ${account.queued} in the outbox, ${account.committed} intents`,
      ),
    );
}

function healthMatches({ accounts, platform }: Facts): Breach[] {
  const flagged = accounts.filter((account) => isFalseAlarm(account, platform));
  const unflagged = accounts.filter((account) => account.health === 'active' && !isValid(account, platform));
  return [
    ...flagged.map((account) => breach('I4', `${describe(account)} needs reauth although its grant is valid`)),
    ...unflagged.map((account) => breach('I4', `${describe(account)} is active although its grant is revoked`)),
  ];
}

/** A reported grant is decided: the answer to one of its later retries may be lost. */
function allDecided({ accounts, late }: Facts): Breach[] {
  const stuck = accounts.filter(
    (account) => UNDECIDED.includes(account.state) && !(account.state === 'unknown' && isReported(account)),
  );
  return [
    ...stuck.map((account) => breach('I5', `${describe(account)} is still ${account.state}`)),
    ...accounts
      .filter(({ grantId }) => late.includes(grantId))
      .map((account) => breach('I5', `${describe(account)} was not decided within a minute`)),
  ];
}

function nothingLeft({ unsettled, inTheClear }: Facts): Breach[] {
  return [
    ...(unsettled > 0 ? [breach('I6', `the journal still holds ${unsettled} exchanges`)] : []),
    ...inTheClear.map((place) => breach('I6', `a token is unencrypted in ${place}`)),
  ];
}

function noJournaledLoss({ accounts, platform, journaled }: Facts): Breach[] {
  const answered = new Set(journaled.map(({ grantId, version }) => `${grantId} ${version}`));
  return accounts
    .filter((account) => isLost(account, platform) && answered.has(`${account.grantId} ${account.version}`))
    .map((account) => breach('I7', `${describe(account)} is lost, and its answer was in the journal`));
}

const describe = ({ accountId, health }: AccountFacts): string => `account ${accountId} (${health})`;
const breach = (invariant: InvariantName, what: string): Breach => ({ invariant, what });
