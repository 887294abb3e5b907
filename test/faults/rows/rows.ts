import {
  clockSteps,
  crashes,
  errorAnswers,
  flushes,
  freezes,
  fullDisks,
  postgresStops,
  redisKills,
  signals,
  slowAnswers,
  wireFaults,
} from '../plan/draw-plan.js';
import { familyRows } from './families.js';
import type { Row } from './row.js';
import { rowMaker, type Sizes } from './row-maker.js';

export const LONG: Sizes = { share: 1, longest: { freeze: 90_000, answer: 70_000, refusal: 60_000 } };
export const SHORT: Sizes = { share: 0.08, longest: { freeze: 6_000, answer: 4_000, refusal: 5_000 } };

const GRACE = 30;
const OURS = ['worker', 'api', 'exchanger'] as const;

/** All rows at this scale. */
export function rowsAt({ share, longest }: Sizes): Row[] {
  const { figure, row } = rowMaker(share);
  return [
    row(
      'control: worker kill -9',
      { pause: [300, 1_200], faults: [signals(['worker'], ['SIGKILL'])] },
      figure(30, 1_500, 'some'),
      { design: 'control' },
    ),
    row(
      'control: PostgreSQL stop',
      { pause: [1_500, 4_000], faults: [postgresStops([100, 1_000])] },
      figure(10, 1_000, 'some'),
      { design: 'control', capped: true },
    ),
    row(
      'worker, API kill -9',
      { pause: [600, 2_400], faults: [signals(['worker', 'api'], ['SIGKILL'])] },
      figure(100, 3_000, 'none'),
    ),
    row(
      'SIGTERM of anything',
      { pause: [500, 2_500], faults: [signals(OURS, ['SIGTERM'])] },
      figure(30, 1_000, 'none'),
      { capped: true },
    ),
    row(
      'SIGSTOP of anything',
      {
        pause: [1_000, 4_000],
        faults: [
          freezes(OURS, [Math.min(5_000, longest.freeze), Math.min(15_000, longest.freeze)]),
          freezes(OURS, [longest.freeze / 4, longest.freeze]),
        ],
      },
      figure(10, 800, 'none'),
      { capped: true },
    ),
    row(
      'PostgreSQL stop',
      { pause: [2_000, 5_000], faults: [postgresStops([100, 3_000])] },
      figure(10, 1_200, 'none'),
      { capped: true },
    ),
    row('Redis kill -9', { pause: [2_000, 5_000], faults: [redisKills([100, 3_000])] }, figure(10, 1_200, 'none'), {
      capped: true,
      needsRedis: true,
    }),
    row('Redis FLUSHALL', { pause: [2_000, 5_000], faults: [flushes()] }, figure(3, 600, 'none'), {
      capped: true,
      needsRedis: true,
    }),
    row(
      'exchanger kill -9, 30 s grace',
      { pause: [1_000, 4_000], faults: [signals(['exchanger'], ['SIGKILL'])] },
      figure(20, 1_000, 'none'),
      { graceSeconds: GRACE, capped: true },
    ),
    row(
      'exchanger kill -9, strict',
      { pause: [1_000, 4_000], faults: [signals(['exchanger'], ['SIGKILL'])] },
      figure(12, 1_000, 'in_flight'),
      { capped: true },
    ),
    row(
      'crash at W1 W2 W5 W6 W7',
      { pause: [1_000, 2_500], faults: [crashes(['W1', 'W2', 'W5', 'W6', 'W7'])] },
      figure(20, 500, 'in_flight'),
      { capped: true },
    ),
    row('crash at W5, strict', { pause: [1_000, 2_500], faults: [crashes(['W5'])] }, figure(2, 100, 'in_flight'), {
      capped: true,
    }),
    row(
      'crash at W3 W4, strict',
      { pause: [1_000, 2_500], faults: [crashes(['W3', 'W4'])] },
      figure(10, 300, 'in_flight'),
      { capped: true },
    ),
    row(
      'crash at W3 W4, 30 s grace',
      { pause: [1_000, 2_500], faults: [crashes(['W3', 'W4'])] },
      figure(10, 300, 'none'),
      { capped: true, graceSeconds: GRACE },
    ),
    row(
      'broken answers, 30 s grace',
      {
        pause: [1_000, 3_000],
        faults: [wireFaults(['drop', 'reset', 'split'], [100, 1_500]), errorAnswers(['http_502_after'], [100, 1_500])],
      },
      figure(25, 1_000, 'none'),
      { graceSeconds: GRACE },
    ),
    row(
      'slow answers',
      { pause: [1_000, 3_000], faults: [slowAnswers([50, longest.answer], [500, 3_000])] },
      figure(15, 800, 'none'),
      { capped: true },
    ),
    row(
      'error answers',
      {
        pause: [1_000, 3_500],
        faults: [
          errorAnswers(
            ['http_500', 'http_503_html', 'http_403_html', 'http_429', 'wrong_json', 'empty_200'],
            [300, 1_500],
          ),
        ],
      },
      figure(15, 800, 'none'),
      { capped: true },
    ),
    row(
      'clock steps',
      { pause: [500, 2_000], faults: [clockSteps([...OURS, 'database'], [500, 4_000])] },
      figure(20, 1_000, 'none'),
      { stepsClocks: true },
    ),
    row('full journal disk', { pause: [1_000, 3_000], faults: [fullDisks([1_000, 6_000])] }, figure(8, 600, 'none'), {
      needsDisk: true,
      capped: true,
    }),
    row(
      'everything, 30 s grace',
      {
        pause: [300, 2_000],
        faults: [
          signals(OURS, ['SIGKILL', 'SIGTERM']),
          signals(OURS, ['SIGKILL']),
          freezes(OURS, [1_000, Math.min(8_000, longest.freeze)]),
          postgresStops([100, 1_500]),
          wireFaults(['reset', 'split'], [100, 600]),
          slowAnswers([50, 3_000], [300, 1_000]),
        ],
      },
      figure(60, 1_500, 'none'),
      { graceSeconds: GRACE, capped: true },
    ),
    ...familyRows({ share, longest }),
  ];
}

/** The rows of the short form: the main faults, and the control without which they prove nothing. */
export const SHORT_ROWS = [
  'control: worker kill -9',
  'worker, API kill -9',
  'SIGTERM of anything',
  'PostgreSQL stop',
  'exchanger kill -9, 30 s grace',
  'exchanger kill -9, strict',
  'crash at W1 W2 W5 W6 W7',
];
