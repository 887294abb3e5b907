import type { Figure } from '../figures/outcome.js';
import type { PlanShape } from '../plan/draw-plan.js';

/** One line of the table: a kind of fault, on what it strikes, and what must come of it. */
export interface Row {
  name: string;
  design: 'product' | 'control';
  /** Seconds within which a rotated token may be sent again; 0: strict. */
  graceSeconds: number;
  plan: PlanShape;
  figure: Figure;
  /** After the faults of the figure come no more, however many rotations it still lacks. */
  capped: boolean;
  /** Only where the queue lives in Redis. */
  needsRedis?: boolean;
  /** Puts the journal on a disk that can be filled. */
  needsDisk?: boolean;
  stepsClocks?: boolean;
}
