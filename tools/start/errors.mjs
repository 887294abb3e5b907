/** A problem that the person at the terminal can correct: printed as a message, without a stack. */
export class StartError extends Error {
  /** @override */
  name = 'StartError';
}

/**
 * The code of a system error (`ENOENT`), or undefined. A test of the class would fail in Jest: errors of Node are made in
 * another realm there.
 * @param {unknown} error
 */
export const codeOf = (error) => (isObject(error) && 'code' in error ? error.code : undefined);

/**
 * The message of what was thrown.
 * @param {unknown} error
 */
export const messageOf = (error) => (isObject(error) && 'message' in error ? String(error.message) : String(error));

/**
 * @param {unknown} value
 * @returns {value is object}
 */
const isObject = (value) => typeof value === 'object' && value !== null;
