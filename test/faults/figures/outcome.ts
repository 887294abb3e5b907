import type { Breach } from '../check/invariants.js';

/** What a row of the table counted. */
export interface Counts {
  faults: number;
  rotations: number;
  lost: number;
  /** Of those lost, whose accounts say so. */
  reported: number;
  falseDeaths: number;
  seconds: number;
  /** Exchanges that were under way when their process was killed. */
  inFlight: number;
  breaches: readonly Breach[];
}

/** How much of each a row must at least have seen, and what it may lose. */
export interface Figure {
  faults: number;
  rotations: number;
  /** `none`: nothing is lost. `in_flight`: at most what was under way, all of it told. `some`: the control, which must lose. */
  loses: 'none' | 'in_flight' | 'some';
}

/** Where the counts miss the figure, in words; empty: it is reached. */
export function missesOf(counts: Counts, figure: Figure): string[] {
  const misses = [
    counts.faults < figure.faults && `only ${counts.faults} of ${figure.faults} faults`,
    counts.rotations < figure.rotations && `only ${counts.rotations} of ${figure.rotations} rotations`,
    ...(figure.loses === 'some' ? controlMisses(counts) : productMisses(counts, figure)),
  ];
  return misses.filter((miss) => miss !== false);
}

/** A harness that cannot make the usual design lose proves nothing. */
const controlMisses = ({ lost }: Counts): (string | false)[] => [
  lost === 0 && 'the control lost nothing, so nothing is proven',
];

function productMisses(counts: Counts, { loses }: Figure): (string | false)[] {
  const allowed = loses === 'none' ? 0 : counts.inFlight;
  const broken = [...new Set(counts.breaches.map(({ invariant }) => invariant))];
  return [
    counts.lost > allowed && `${counts.lost} lost, ${allowed} allowed`,
    counts.reported < counts.lost && `${counts.lost - counts.reported} lost and not told`,
    counts.falseDeaths > 0 && `${counts.falseDeaths} called dead that live`,
    broken.length > 0 && `${broken.join(', ')} broken (${counts.breaches.length})`,
  ];
}
