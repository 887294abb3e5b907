import type { IncomingMessage } from 'node:http';
import { newId } from '#persistence';
import { publicId } from './public-id.js';

const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's own request id where it is harmless to repeat, a new one otherwise. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && ACCEPTED.test(given) ? given : publicId('req', newId());
}
