import { describe, expect, it } from '@jest/globals';
import { conclusionOf, fromJournal, type Known, mayStillSend, nextStep } from './exchange-step.js';

describe('the steps of an exchange', () => {
  it.each<[string, Known, string]>([
    ['begin with a connection: what fails before it is known as not sent', {}, 'connect'],
    ['note on disk that the request is about to leave', { reached: true }, 'dispatch'],
    ['send only what is noted', { reached: true, dispatched: true }, 'send'],
    ['put the answer on disk before it is parsed', { reached: true, dispatched: true, answer: 'arrived' }, 'record'],
    [
      'conclude from an answer on disk',
      { reached: true, dispatched: true, answer: 'arrived', recorded: true },
      'conclude',
    ],
    [
      'conclude from memory where the disk failed',
      { reached: true, dispatched: true, answer: 'arrived', recorded: false },
      'conclude',
    ],
    ['conclude where the platform was not reached', { reached: false }, 'conclude'],
    ['conclude where the connection broke before a byte left', { reached: false, dispatched: true }, 'conclude'],
    ['conclude where it could not be noted', { reached: true, dispatched: false }, 'conclude'],
    ['conclude where no answer came', { reached: true, dispatched: true, answer: 'lost' }, 'conclude'],
    [
      'let the journal drop what is stored',
      { reached: true, dispatched: true, answer: 'arrived', recorded: true, concluded: true },
      'close',
    ],
    [
      'set aside what the database refuses',
      { reached: true, dispatched: true, answer: 'arrived', recorded: true, refused: true },
      'set_aside',
    ],
    [
      'end without a journaled answer that is set aside being closed',
      { reached: true, dispatched: true, answer: 'arrived', refused: true, setAside: true, concluded: true },
      'done',
    ],
    ['let it drop what it may have noted half', { reached: true, dispatched: false, concluded: true }, 'close'],
    ['end without it where nothing was noted', { reached: false, concluded: true }, 'done'],
    ['end', { reached: true, dispatched: true, answer: 'lost', concluded: true, closed: true }, 'done'],
  ])('decides the next step: %s', (_what, known, step) => {
    expect(nextStep(known)).toBe(step);
  });

  it('the steps after a restart read the answer where there is one, and never send again', () => {
    expect([true, false].map((answered) => nextStep(fromJournal(answered)))).toEqual(['conclude', 'conclude']);
    expect([true, false].map((answered) => conclusionOf(fromJournal(answered)))).toEqual(['answered', 'lost']);
  });

  it.each<[Known, string]>([
    [{ reached: true, dispatched: true, answer: 'arrived', recorded: true }, 'answered'],
    [{ reached: true, dispatched: true, answer: 'lost' }, 'lost'],
    [{ reached: false }, 'unreached'],
    [{ reached: false, dispatched: true }, 'unreached'],
    [{ reached: true, dispatched: false }, 'cancelled'],
  ])('%j ends %s', (known, conclusion) => {
    expect(conclusionOf(known)).toBe(conclusion);
  });
});

describe('a request whose dispatch was noted', () => {
  it('leaves at once or not at all: who stood still for longer may have lost its claim', () => {
    expect([0, 20_000, 20_001, 151_000].map(mayStillSend)).toEqual([true, true, false, false]);
  });
});
