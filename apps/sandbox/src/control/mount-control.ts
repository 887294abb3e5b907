import ipaddr from 'ipaddr.js';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sandbox } from '../platforms/run-call.js';
import { mountChanging } from './mount-changing.js';
import { mountLooking } from './mount-looking.js';
import { Problem, sendProblem } from './problem.js';

/** The control API, for testers on this machine. JSON bodies only, so that no web page can send one by a form. */
export async function mountControl(server: FastifyInstance, sandbox: Sandbox): Promise<void> {
  await server.register(
    (scope, _options, done) => {
      scope.removeContentTypeParser('text/plain');
      scope.setErrorHandler(sendProblem);
      scope.addHook('onRequest', onlyLoopback);
      scope.addHook('onRequest', onlyLocalNames);
      mountLooking(scope, sandbox.memory);
      mountChanging(scope, sandbox);
      done();
    },
    { prefix: '/_control' },
  );
}

function onlyLoopback({ socket }: FastifyRequest, _reply: unknown, done: (error?: Problem) => void): void {
  if (isLoopback(socket.remoteAddress ?? '')) done();
  else done(new Problem(403, 'Forbidden', 'The control API answers only to this machine.'));
}

/**
 * Refuses a browser whose page is of another site. A name of that site may lead to this machine (DNS rebinding), so the
 * address of the caller proves nothing.
 */
function onlyLocalNames(
  { headers: { host = '', origin } }: FastifyRequest,
  _reply: unknown,
  done: (error?: Problem) => void,
): void {
  if (isLocalName(`http://${host}`) && (origin === undefined || isLocalName(origin))) done();
  else
    done(
      new Problem(
        403,
        'Forbidden',
        'The control API answers to localhost, 127.0.0.1 and [::1] only: check Host and Origin.',
      ),
    );
}

/** `localhost`, names under it, and loopback addresses. */
export function isLocalName(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name);
}

/** 127.0.0.0/8, ::1, and the former written as the latter. */
export const isLoopback = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
