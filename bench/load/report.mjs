/** @typedef {import('./drive.mjs').Figures} Figures */

let missed = 0;

export const missedFigures = () => missed;

/** @param {string} text */
export const printTitle = (text) => console.log(`\n${text}`);

/** @param {string} name @param {Figures} figures */
export function printFigures(name, { callsPerSecond, p50, p99 }) {
  const cells = [callsPerSecond.toFixed(0).padStart(8), p50.toFixed(1).padStart(8), p99.toFixed(1).padStart(8)];
  console.log(`  ${name.padEnd(58)}${cells[0]}/s  p50${cells[1]} ms  p99${cells[2]} ms`);
}

/**
 * Prints a ratio with its target, and counts it when it is missed. `factor` loosens the target: the short form fails only on
 * gross regressions. `reached`: of a target that is missed, the ratio that the short form has reached so far.
 * @param {string} name
 * @param {number} value
 * @param {{ least?: number, most?: number, unit?: string, reached?: number }} target
 * @param {number} factor
 */
export function printRatio(name, value, { least, most, unit = '', reached = least }, factor) {
  const isReached =
    value >= ((factor === 1 ? least : reached) ?? -Infinity) / factor && value <= (most ?? Infinity) * factor;
  const target = least === undefined ? `at most ${most}${unit}` : `at least ${least}${unit}`;
  const allowance =
    factor === 1 ? '' : `, here within a factor of ${factor}${reached === least ? '' : ` of ${reached}`}`;
  if (!isReached) missed += 1;
  console.log(`  ${name}: ${value.toFixed(2)}${unit}, ${target}${allowance}${isReached ? '' : '  MISSED'}`);
}
