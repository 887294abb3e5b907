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
  /** The database refuses the answer for good: its values, not its state, are the cause. */
  refused?: boolean;
  /** Whether the journal keeps the refused answer in a file of its own. `false`: the disk failed. */
  setAside?: boolean;
  /** Whether the result is stored. */
  concluded?: boolean;
  /** C: whether the journal may drop it. */
  closed?: boolean;
}

export type Step = 'connect' | 'dispatch' | 'send' | 'record' | 'set_aside' | 'conclude' | 'close' | 'done';

/**
 * The heart of the protocol: the next step, by the known facts. Nothing is sent that is not on disk as about to be sent,
 * nothing is read that is not on disk as answered, and the journal drops nothing that is not stored.
 */
export function nextStep(known: Known): Step {
  if (known.refused && known.setAside === undefined) return 'set_aside';
  if (known.concluded) return stepAfterConclusion(known);
  if (isOver(known)) return 'conclude';
  if (known.answer === 'arrived') return 'record';
  return stepBeforeAnswer(known);
}

/** An answer that the database refuses stays in the journal: its entry is not closed. */
function stepAfterConclusion({ refused, closed, dispatched }: Known): Step {
  return refused || closed || dispatched === undefined ? 'done' : 'close';
}

function stepBeforeAnswer({ dispatched, reached }: Known): Step {
  if (dispatched) return 'send';
  return reached ? 'dispatch' : 'connect';
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

/**
 * How an exchange ended: `unreached` and `cancelled` sent nothing, because of the platform or because of the exchanger.
 * `refused`: the database does not take the answer.
 */
export type Conclusion = 'answered' | 'refused' | 'lost' | 'unreached' | 'cancelled';

export function conclusionOf({ answer, reached, recorded, refused, setAside }: Known): Conclusion {
  // Without the disk no process has the answer later.
  if (refused) return recorded === false && setAside === false ? 'lost' : 'refused';
  if (answer !== undefined) return answer === 'arrived' ? 'answered' : 'lost';
  return reached === false ? 'unreached' : 'cancelled';
}

/** The facts for a process that finds D in its journal, with R or without. */
export const fromJournal = (answered: boolean): Known =>
  answered
    ? { reached: true, dispatched: true, answer: 'arrived', recorded: true }
    : { reached: true, dispatched: true, answer: 'lost' };
