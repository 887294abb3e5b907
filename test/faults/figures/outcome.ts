import type { Breach } from '../check/invariants.js';

/** The counts of one row of the table. */
export interface Counts {
  faults: number;
  rotations: number;
  lost: number;
  /** The lost accounts that report their loss. */
  reported: number;
  falseAlarms: number;
  seconds: number;
  /** Exchanges in flight when their process was killed. */
  inFlight: number;
  breaches: readonly Breach[];
}

/** The minimum counts of a row, and the losses that it allows. */
export interface Figure {
  faults: number;
  rotations: number;
  /** `none`: no loss. `in_flight`: at most the exchanges in flight, each of them reported. `some`: the control, which must lose grants. */
  loses: 'none' | 'in_flight' | 'some';
}

/** Describes each count that misses the figure; empty: the figure is reached. */
export function missesOf(counts: Counts, figure: Figure): string[] {
  const misses = [
    counts.faults < figure.faults && `only ${counts.faults} of ${figure.faults} faults`,
    counts.rotations < figure.rotations && `only ${counts.rotations} of ${figure.rotations} rotations`,
    ...(figure.loses === 'some' ? controlMisses(counts) : productMisses(counts, figure)),
  ];
  return misses.filter((miss) => miss !== false);
}

/** The harness proves nothing if the usual design loses no grant. */
const controlMisses = ({ lost }: Counts): (string | false)[] => [
  lost === 0 && 'the control lost nothing, so nothing is proven',
];

function productMisses(counts: Counts, { loses }: Figure): (string | false)[] {
  const allowed = loses === 'none' ? 0 : counts.inFlight;
  const broken = [...new Set(counts.breaches.map(({ invariant }) => invariant))];
  return [
    counts.lost > allowed && `${counts.lost} lost, ${allowed} allowed`,
    counts.reported < counts.lost && `${counts.lost - counts.reported} lost and not reported`,
    counts.falseAlarms > 0 && `${counts.falseAlarms} with a valid grant need reauth`,
    broken.length > 0 && `${broken.join(', ')} broken (${counts.breaches.length})`,
  ];
}
