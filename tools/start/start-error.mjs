/** A problem that the person at the terminal can correct: printed as a message, without a stack. */
export class StartError extends Error {
  name = 'StartError';
}
