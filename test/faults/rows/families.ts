import { errorAnswers, refusals, rewrites } from '../plan/draw-plan.js';
import type { Row } from './row.js';
import { type RowMaker, rowMaker, type Sizes } from './row-maker.js';

const AFTER_THE_EFFECT = ['http_502_after', 'http_504_after', 'wrong_json_after', 'torn_json_after'] as const;

/** The rows that hit answers instead of processes. */
export function familyRows({ share, longest }: Sizes): Row[] {
  return answerRows(rowMaker(share), longest);
}

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
