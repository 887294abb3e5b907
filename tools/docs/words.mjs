/**
 * What each refresh mode means to an operator (docs/refresh.md gives the consequences).
 * @type {Record<import('#providers').RefreshMode, string>}
 */
export const REFRESH_MODES = {
  rotating_strict: 'every refresh gives a new refresh token, and the one before is spent at once',
  rotating_grace: 'every refresh gives a new refresh token, and the one before works for a short while longer',
  static: 'the refresh token stays the same',
  extend_self: 'there is no refresh token: the access token itself is extended while it is valid',
  none: 'nothing can be refreshed: the person must come back',
};

const UNITS = [
  { unit: 'day', size: 86_400 },
  { unit: 'hour', size: 3_600 },
  { unit: 'minute', size: 60 },
];
const SECOND = { unit: 'second', size: 1 };

/**
 * `5184000` seconds as `60 days`: in the largest unit that is whole.
 * @param {number | null} seconds
 */
export function lifeInWords(seconds) {
  if (seconds === null) return 'no end';
  const { unit, size } = UNITS.find((one) => seconds % one.size === 0 && seconds >= one.size) ?? SECOND;
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** @param {string} text */
export const code = (text) => `\`${text}\``;
/** @param {readonly string[]} texts */
export const codes = (texts) => texts.map(code).join(', ');

/**
 * A table in Markdown. A pipe in a cell would end the cell.
 * @param {string[]} header
 * @param {string[][]} rows
 */
export function table(header, rows) {
  /** @param {string[]} cells */
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
