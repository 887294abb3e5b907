import { seconds } from '#config';

/** The known facts of one exchange. After a crash they are those in the journal (`fromJournal`). */
export interface Known {
  /** Whether a connection stands. What fails before is known as not sent. */
  reached?: boolean;
  /** D: whether it is on disk, and in the database, that the request is about to leave. */
  dispatched?: boolean;
  answer?: 'arrived' | 'lost';
  /** R: whether the answer is on disk. `false`: the disk failed, and memory is all there is. */
  recorded?: boolean;
  /** Whether what came of it is stored. */
  concluded?: boolean;
  /** C: whether the journal may drop it. */
  closed?: boolean;
}

export type Step = 'connect' | 'dispatch' | 'send' | 'record' | 'conclude' | 'close' | 'done';

/**
 * The heart of the protocol: what to do next, of what is known. Nothing is sent that is not on disk as about to be sent,
 * nothing is read that is not on disk as answered, and the journal drops nothing that is not stored.
 */
export function nextStep(known: Known): Step {
  if (known.concluded) return known.closed || known.dispatched === undefined ? 'done' : 'close';
  if (isOver(known)) return 'conclude';
  if (known.answer === 'arrived') return 'record';
  if (known.dispatched) return 'send';
  return known.reached ? 'dispatch' : 'connect';
}

/** Nothing more can come: the answer is on disk, or the disk failed, or there will be none. */
const isOver = ({ answer, recorded, reached, dispatched }: Known): boolean =>
  recorded !== undefined || answer === 'lost' || reached === false || dispatched === false;

/** A claim of 150 s outlasts a wait of 120 s by little more than this. */
const NOTE_LASTS = seconds(20);

/**
 * Whether a request may still leave `sinceNote` milliseconds after its dispatch was noted. A process that stood still in between
 * may have lost its claim: another has sent the token by then, and a second sending would end what came of the first.
 */
export const mayStillSend = (sinceNote: number): boolean => sinceNote <= NOTE_LASTS;

/** How an exchange ended: `unreached` and `cancelled` sent nothing, for the platform's sake or for ours. */
export type Conclusion = 'answered' | 'lost' | 'unreached' | 'cancelled';

export function conclusionOf({ answer, reached }: Known): Conclusion {
  if (answer !== undefined) return answer === 'arrived' ? 'answered' : 'lost';
  return reached === false ? 'unreached' : 'cancelled';
}

/** The facts for a process that finds D in its journal, with R or without. */
export const fromJournal = (answered: boolean): Known =>
  answered
    ? { reached: true, dispatched: true, answer: 'arrived', recorded: true }
    : { reached: true, dispatched: true, answer: 'lost' };
