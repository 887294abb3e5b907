import type { InvariantName } from '../check/invariants.js';

/** One defect in the built product, and the check that must detect it. */
export interface Sabotage {
  name: string;
  /** The check that must detect it. */
  seenBy: InvariantName;
  /** The row under which the check detects it. */
  row: string;
  /** The share of the row's counts. */
  share: number;
  cuts: readonly Cut[];
}

/** A replacement of text in the built product. */
export interface Cut {
  file: string;
  find: string;
  instead: string;
}

const EXCHANGE = 'libs/exchanger/src/exchange';

/** Plausible mistakes, each of one line. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'every fourth refreshed pair is stored with the old refresh token',
    seenBy: 'I1',
    row: 'worker, API kill -9',
    share: 0.02,
    cuts: [
      {
        file: `${EXCHANGE}/commit-tokens.js`,
        find: 'tokens.refreshToken ?? before.refresh',
        instead: 'Number(grant.tokenVersion) % 4 === 3 ? before.refresh : tokens.refreshToken',
      },
    ],
  },
  {
    name: 'a lost answer counts as a request that was not sent',
    seenBy: 'I2',
    row: 'broken answers, 30 s grace',
    share: 0.25,
    cuts: [
      {
        file: `${EXCHANGE}/run-exchange.js`,
        find: "return { answer: 'lost' };",
        instead: 'return { reached: false };',
      },
    ],
  },
  {
    name: 'a refresh records no event',
    seenBy: 'I3',
    row: 'worker, API kill -9',
    share: 0.02,
    cuts: [
      {
        file: `${EXCHANGE}/commit-tokens.js`,
        find: "applyHealth(tx, grant.id, 'account.refreshed')",
        instead: 'applyHealth(tx, grant.id)',
      },
    ],
  },
  {
    name: 'every second refresh is reported as a revocation',
    seenBy: 'I4',
    row: 'worker, API kill -9',
    share: 0.02,
    cuts: [
      {
        file: 'libs/tokens/src/protocol/health.js',
        find: 'for (const rule of RULES) {',
        instead:
          "if (Number(input.grant.tokenVersion) % 2 === 1) return { health: 'needs_reauth', reason: 'token_revoked' };\n    for (const rule of RULES) {",
      },
    ],
  },
  {
    name: 'a lost grant is reported as active',
    seenBy: 'I4',
    row: 'crash at W3 W4, strict',
    share: 0.3,
    cuts: [
      {
        file: 'libs/tokens/src/protocol/health.js',
        find: "return { health: 'needs_reauth', reason: grant.endedReason };",
        instead: "return { health: 'active', reason: null };",
      },
    ],
  },
  {
    name: 'the exchanges of a killed exchanger are not recovered',
    seenBy: 'I5',
    row: 'exchanger kill -9, 30 s grace',
    share: 0.1,
    cuts: [
      { file: `${EXCHANGE}/recovery.js`, find: 'for (const one of left)', instead: 'for (const one of [])' },
      { file: `${EXCHANGE}/recovery.js`, find: '(await unendedIntents(pool, holder))', instead: '[]' },
    ],
  },
  {
    name: 'a finished exchange is not closed in the journal',
    seenBy: 'I6',
    row: 'worker, API kill -9',
    share: 0.02,
    cuts: [
      {
        file: `${EXCHANGE}/run-exchange.js`,
        find: 'this.context.journal.settled(this.exchange.intent.intentId, this.exchange.isKept);',
        instead: '',
      },
    ],
  },
  {
    name: 'a new token is logged',
    seenBy: 'I6',
    row: 'worker, API kill -9',
    share: 0.02,
    cuts: [
      {
        file: `${EXCHANGE}/commit-tokens.js`,
        find: 'const { grant } = refresh.claim;',
        instead: 'const { grant } = refresh.claim;\n    console.log(`renewed to ${tokens.accessToken.reveal()}`);',
      },
    ],
  },
  {
    name: 'a journaled answer is ignored after a crash',
    seenBy: 'I7',
    row: 'crash at W5, strict',
    share: 1,
    cuts: [
      {
        file: `${EXCHANGE}/recover.js`,
        find: 'return resume(context, intent, answer)',
        instead: 'return resume(context, intent, null)',
      },
    ],
  },
];
