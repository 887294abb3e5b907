import { setTimeout as pause } from 'node:timers/promises';
import { CallBroken, NotReached, type SocketCall } from './call-connection.js';
import type { Reply } from './wire.schema.js';

/** A way to an exchanger. */
export interface Connection {
  /** Throws NotReached and CallBroken. */
  call(call: SocketCall): Promise<Reply>;
  /** What the exchanger reports about itself. Throws NotReached and CallBroken. */
  inspect(name: 'health' | 'metrics'): Promise<unknown>;
  /** Resolves when what it still does for its callers is done. */
  drain?(): Promise<void>;
}

export interface PatientCall extends SocketCall {
  /** Milliseconds without an exchanger to speak to; they begin again whenever there was one. A function: they may change meanwhile. */
  patience: number | (() => number);
  /** Replies after which the call is made again. */
  retryOn?: readonly NonNullable<Reply['error']>[];
  /** Milliseconds between two tries at the most. */
  longestPause?: number;
}

/** No answer came for longer than the caller waits. */
export class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
  readonly code = 'exchanger.unavailable';

  /** `taken`: an exchanger may have taken the call, and what it did is in its journal. Otherwise nothing was done. */
  constructor(
    readonly taken: boolean,
    cause: unknown,
  ) {
    super(taken ? 'the exchanger broke off and did not come back in time' : 'no exchanger took the call in time', {
      cause,
    });
  }
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** An exchanger that dies of each call is not called for ever. */
const MOST_BREAKS = 5;
const DRAINING = ['draining'] as const;

/**
 * Makes a call until it is answered. A restart of the exchanger takes a second or two, and its calls may be made again:
 * it sends no token and no code twice, and tells what became of the first.
 */
export async function patientCall(
  connection: Connection,
  { patience, retryOn = DRAINING, longestPause = LONGEST_PAUSE, ...call }: PatientCall,
): Promise<Reply> {
  let [breaks, waited, rest] = [0, 0, FIRST_PAUSE];
  for (;;) {
    const answer = await connection.call(call).catch(notAnswered);
    if (isFinal(answer, retryOn)) return answer;
    if (answer instanceof CallBroken) [breaks, waited, rest] = [breaks + 1, 0, FIRST_PAUSE];
    if (waited >= inMilliseconds(patience) || isHopeless(answer, breaks)) return giveUp(answer, breaks > 0);
    waited += rest;
    await pause(rest * (0.5 + Math.random()));
    rest = Math.min(rest * 1.5, longestPause);
  }
}

const inMilliseconds = (patience: PatientCall['patience']): number =>
  typeof patience === 'number' ? patience : patience();

const isFinal = (answer: Reply | Error, retryOn: readonly string[]): answer is Reply =>
  !(answer instanceof Error) && (answer.error === undefined || !retryOn.includes(answer.error));

const isHopeless = (answer: Reply | Error, breaks: number): boolean =>
  breaks > MOST_BREAKS || (answer instanceof CallBroken && answer.late);

/** A reply that an exchanger gave each time is the answer; one that drains took no call. */
function giveUp(answer: Reply | Error, taken: boolean): Reply {
  if (answer instanceof Error || answer.error === 'draining') throw new OutOfPatience(taken, answer);
  return answer;
}

function notAnswered(error: unknown): NotReached | CallBroken {
  if (error instanceof NotReached || error instanceof CallBroken) return error;
  throw error;
}
