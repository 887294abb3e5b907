import { setTimeout as pause } from 'node:timers/promises';
import { CallBroken, NotReached, type SocketCall } from './call-connection.js';
import type { SharedConnection } from './shared-connection.js';
import type { Reply } from './wire.schema.js';

export interface PatientCall extends SocketCall {
  /** Milliseconds without an exchanger to speak to; they begin again whenever there was one. */
  patience: number;
}

/** No answer came for longer than the caller waits. */
export class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
  readonly code = 'exchanger.unavailable';

  /** `taken`: an exchanger may have taken the call, and what it did is in its journal. Otherwise nothing was done. */
  constructor(readonly taken: boolean, cause: unknown) {
    super(taken ? 'the exchanger broke off and did not come back in time' : 'no exchanger took the call in time', { cause });
  }
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** An exchanger that dies of each call is not called for ever. */
const MOST_BREAKS = 5;

/**
 * Makes a call until it is answered. A restart of the exchanger takes a second or two, and its calls may be made again:
 * it sends no token and no code twice, and tells what became of the first.
 */
export async function patientCall(connection: SharedConnection, { patience, ...call }: PatientCall): Promise<Reply> {
  let [breaks, waited, rest] = [0, 0, FIRST_PAUSE];
  for (;;) {
    const answer = await connection.call(call).catch(notAnswered);
    if (!(answer instanceof Error) && answer.error !== 'draining') return answer;
    if (answer instanceof CallBroken) [breaks, waited, rest] = [breaks + 1, 0, FIRST_PAUSE];
    if (waited >= patience || breaks > MOST_BREAKS || isLate(answer)) throw new OutOfPatience(breaks > 0, answer);
    waited += rest;
    await pause(rest * (0.5 + Math.random()));
    rest = Math.min(rest * 1.5, LONGEST_PAUSE);
  }
}

const isLate = (answer: unknown): boolean => answer instanceof CallBroken && answer.late;

function notAnswered(error: unknown): NotReached | CallBroken {
  if (error instanceof NotReached || error instanceof CallBroken) return error;
  throw error;
}
