const seconds = (value) => `${value.toFixed(1)} s`.padStart(9);

/** One part of a run: its seconds by the clock, and of CPU time with all its processes. */
export const lineOfPart = ({ title, seconds: wall, cpuSeconds }) =>
  `  ${title.padEnd(44)}${seconds(wall)} ${seconds(cpuSeconds)} of CPU`;

/** The parts of a whole run. Parts run beside each other, so that their seconds are more than those of the run. */
export function tableOfParts(results, wall) {
  const parts = results.filter(({ title }) => title !== undefined);
  if (parts.length < 2) return [];
  const cpuSeconds = parts.reduce((sum, part) => sum + part.cpuSeconds, 0);
  return ['', 'Seconds', ...parts.map(lineOfPart), lineOfPart({ title: 'the whole run', seconds: wall, cpuSeconds })];
}
