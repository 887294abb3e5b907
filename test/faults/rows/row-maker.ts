import type { Figure } from '../figures/outcome.js';
import type { PlanShape } from '../plan/draw-plan.js';
import type { Row } from './row.js';

/** The scale of the table: 1 is the long form. */
export interface Sizes {
  /** The share of the faults and rotations. */
  share: number;
  /** Longest freeze, slowest answer and longest time in which every person is refused, in milliseconds. */
  longest: { freeze: number; answer: number; refusal: number };
}

/** Makes the rows of one scale. */
export interface RowMaker {
  figure: (faults: number, rotations: number, loses: Figure['loses']) => Figure;
  row: (name: string, plan: PlanShape, reaches: Figure, more?: Partial<Row>) => Row;
}

export function rowMaker(share: number): RowMaker {
  return {
    figure: (faults, rotations, loses) => ({
      faults: Math.max(1, Math.round(faults * share)),
      rotations: Math.max(100, Math.round(rotations * share)),
      loses,
    }),
    row: (name, plan, reaches, more = {}) => ({
      name,
      design: 'product',
      graceSeconds: 0,
      capped: false,
      plan,
      figure: reaches,
      ...more,
    }),
  };
}
