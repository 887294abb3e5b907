import ipaddr from 'ipaddr.js';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sandbox } from '../platforms/run-call.js';
import { mountChanging } from './mount-changing.js';
import { mountLooking } from './mount-looking.js';
import { Problem, sendProblem } from './problem.js';

/** The control API, for testers on this machine. JSON bodies only, so that no web page can send one by a form. */
export async function mountControl(server: FastifyInstance, sandbox: Sandbox): Promise<void> {
  await server.register((scope, _options, done) => {
    scope.removeContentTypeParser('text/plain');
    scope.setErrorHandler(sendProblem);
    scope.addHook('onRequest', onlyLoopback);
    mountLooking(scope, sandbox.memory);
    mountChanging(scope, sandbox);
    done();
  }, { prefix: '/_control' });
}

function onlyLoopback({ socket }: FastifyRequest, _reply: unknown, done: (error?: Problem) => void): void {
  if (isLoopback(socket.remoteAddress ?? '')) done();
  else done(new Problem(403, 'Forbidden', 'The control API answers only to this machine.'));
}

/** 127.0.0.0/8, ::1, and the former written as the latter. */
export const isLoopback = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
