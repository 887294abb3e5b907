import type { Page } from './page.js';
import type { ProblemCode } from './problem-codes.js';

type Words = Pick<Page, 'title' | 'text'>;

const TRY_AGAIN =
  'Go back to the application where you started and try again in a minute. What you just allowed at the platform cannot be used later.';

/** The advice for each problem that a browser can meet; all others are failures of the service. */
const WORDS: Partial<Record<ProblemCode, Words>> = {
  'route.not_found': {
    title: 'There is no such page',
    text: ['Nothing is at this address. Look whether the whole link was copied, or begin at the start page.'],
  },
  'state.untrusted': {
    title: 'This link cannot be used',
    text: [
      'It was changed on the way, it is not one of ours, or it belongs to another address. Nothing was connected.',
      'Go back to the application and start again.',
    ],
  },
  'reauth_link.not_found': {
    title: 'This link is unknown',
    text: ['No account belongs to this link. Look whether the whole link was copied.'],
  },
  'reauth_link.ended': {
    title: 'This link has ended',
    text: [
      'The account was connected again already, or the time of the link is over.',
      'Look in the application whether the account needs you. If it does, request a new link there.',
    ],
  },
  'deletion.not_found': {
    title: 'This code is unknown',
    text: [
      'No deletion has this code.',
      'Look whether the whole link was copied, or request the deletion again at the platform.',
    ],
  },
  'method.not_allowed': {
    title: 'This page cannot be used like that',
    text: [
      'The address exists, but the browser sent it a kind of request that it does not take. Open the link again instead of sending a form.',
    ],
  },
  'rate_limit.exceeded': {
    title: 'Too many requests',
    text: [
      'Too many requests came from your network in a short time, so this one was not carried out.',
      'Wait a minute, then go back to the application and try again.',
    ],
  },
  'request.malformed': {
    title: 'The request cannot be read',
    text: ['The address or the request of the browser is damaged. Look whether the whole link was copied.'],
  },
  'database.unavailable': {
    title: 'The service is not available',
    text: ['The connection could not be finished at this moment.', TRY_AGAIN],
  },
};

const FAILURE: Words = {
  title: 'Something went wrong',
  text: ['An error on our side stopped the request.', TRY_AGAIN],
};

/** The page for a problem, without any text of the request. */
export function problemPage(code: ProblemCode): Page {
  const links =
    code === 'route.not_found'
      ? { links: [{ href: '/', label: 'Start page', about: 'What this service is, and its documentation' }] }
      : {};
  return { tone: 'bad', code, ...(WORDS[code] ?? FAILURE), ...links };
}
