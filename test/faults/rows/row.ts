import type { InvariantName } from '../check/invariants.js';
import type { Figure } from '../figures/outcome.js';
import type { PlanShape } from '../plan/draw-plan.js';

/** One line of the table: the kind of fault, its targets and the required figure. */
export interface Row {
  name: string;
  design: 'product' | 'control';
  /** Seconds within which a rotated token is accepted again; 0: strict. */
  graceSeconds: number;
  plan: PlanShape;
  figure: Figure;
  /** Whether the faults end at the number of the figure, although rotations are still missing. */
  capped: boolean;
  /** Whether the row needs the queue on Redis. */
  needsRedis?: boolean;
  /** Whether the journal is on a disk that can be filled. */
  needsDisk?: boolean;
  stepsClocks?: boolean;
  /** Whether claims outlast their exchangers: the clock of the database is advanced to their ends after the faults. */
  outlivedClaims?: boolean;
  /** Checks that do not apply: a database that lost commits has lost their events and intents, too. */
  without?: readonly InvariantName[];
}
