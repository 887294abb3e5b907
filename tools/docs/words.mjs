/** What each refresh mode means to an operator (docs/refresh.md gives the consequences). */
export const REFRESH_MODES = {
  rotating_strict: 'every refresh gives a new refresh token, and the one before is spent at once',
  rotating_grace: 'every refresh gives a new refresh token, and the one before works for a short while longer',
  static: 'the refresh token stays the same',
  extend_self: 'there is no refresh token: the access token itself is extended while it is valid',
  none: 'nothing can be refreshed: the person must come back',
};

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `5184000` seconds as `60 days`: in the largest unit that is whole. */
export function lifeInWords(seconds) {
  if (seconds === null) return 'no end';
  const [unit, size] = UNITS.find(([, length]) => seconds % length === 0 && seconds >= length);
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export const code = (text) => `\`${text}\``;
export const codes = (texts) => texts.map(code).join(', ');

/** A table in Markdown. A pipe in a cell would end it. */
export function table(header, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
