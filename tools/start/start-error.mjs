/** Something the person at the terminal can put right: told in words, without a stack. */
export class StartError extends Error {
  name = 'StartError';
}
