import {
  brokenSeals,
  errorAnswers,
  failovers,
  journalFaults,
  keyFaults,
  refusals,
  refusedCommits,
  rewrites,
} from '../plan/draw-plan.js';
import type { Row } from './row.js';
import { type RowMaker, rowMaker, type Sizes } from './row-maker.js';

const AFTER_THE_EFFECT = ['http_502_after', 'http_504_after', 'wrong_json_after', 'torn_json_after'] as const;

/** The rows that hit answers, and what the product keeps, instead of processes. */
export function familyRows({ share, longest }: Sizes): Row[] {
  const maker = rowMaker(share);
  return [...answerRows(maker, longest), ...journalRows(maker), ...databaseRows(maker), ...keyRows(maker)];
}

const FAMILIES = /^(?:answers|journal|database|keys): /;

export const isOfFamily = ({ name }: Row): boolean => FAMILIES.test(name);

function answerRows({ row, figure }: RowMaker, { refusal }: Sizes['longest']): Row[] {
  const afterTheEffect = { pause: [1_500, 4_000] as const, faults: [errorAnswers(AFTER_THE_EFFECT, [100, 800])] };
  return [
    row('answers: errors after the rotation, 30 s grace', afterTheEffect, figure(20, 800, 'none'), {
      graceSeconds: 30,
    }),
    row('answers: errors after the rotation, 10 s grace', afterTheEffect, figure(20, 800, 'none'), {
      graceSeconds: 10,
    }),
    row(
      'answers: encodings and poison text, strict',
      {
        pause: [200, 1_000],
        faults: [
          rewrites(['gzip', 'deflate', 'br', 'bom', 'utf16', 'form'], [500, 2_000]),
          rewrites(['poison'], [500, 2_000]),
        ],
      },
      figure(25, 1_000, 'none'),
    ),
    row(
      'answers: refusals that no table lists, strict',
      { pause: [1_000, 3_000], faults: [errorAnswers(['unlisted_refusal'], [500, 4_000])] },
      figure(10, 600, 'none'),
      { capped: true },
    ),
    row(
      'answers: every person is refused, strict',
      { pause: [2_000, 6_000], faults: [refusals(['token', 'userinfo', 'both'], [refusal / 2, refusal])] },
      figure(6, 600, 'none'),
      { capped: true },
    ),
  ];
}

const PAUSE = [1_500, 4_000] as const;

function journalRows({ row, figure }: RowMaker): Row[] {
  const faults = (how: 'lost' | 'rolled_back' | 'copied') => ({
    pause: PAUSE,
    faults: [journalFaults([how], [500, 3_000])],
  });
  const more = { capped: true, outlivedClaims: true };
  return [
    row('journal: lost folder, strict', faults('lost'), figure(6, 400, 'in_flight'), more),
    row('journal: lost folder, 30 s grace', faults('lost'), figure(6, 400, 'in_flight'), { ...more, graceSeconds: 30 }),
    row('journal: rolled-back folder, strict', faults('rolled_back'), figure(6, 400, 'in_flight'), more),
    row('journal: copied folder, strict', faults('copied'), figure(6, 400, 'none'), more),
  ];
}

function databaseRows({ row, figure }: RowMaker): Row[] {
  return [
    row(
      'database: failover to a standby that lost commits, strict',
      { pause: [3_000, 6_000], faults: [failovers([1_000, 8_000])] },
      figure(5, 400, 'none'),
      { capped: true, without: ['I3'] },
    ),
    row(
      'database: commits refused for good, strict',
      { pause: PAUSE, faults: [refusedCommits([3_500, 6_000])] },
      figure(5, 400, 'none'),
      { capped: true },
    ),
  ];
}

function keyRows({ row, figure }: RowMaker): Row[] {
  return [
    row(
      'keys: wrong, missing, renamed, strict',
      { pause: PAUSE, faults: [keyFaults(['wrong', 'missing', 'renamed'], [1_500, 4_000])] },
      figure(8, 400, 'in_flight'),
      { capped: true },
    ),
    row(
      'keys: rows that do not open, strict',
      { pause: PAUSE, faults: [brokenSeals([1, 20], [1_000, 6_000])] },
      figure(8, 400, 'none'),
      { capped: true },
    ),
  ];
}
