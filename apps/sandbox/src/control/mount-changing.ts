import type { FastifyInstance } from 'fastify';
import type { Sandbox } from '../platforms/run-call.js';
import { assertAnswersChallenge } from '../push/challenge.js';
import { notifyApps } from '../push/notify-apps.js';
import { appView, saveApp } from './apps.js';
import { clockView } from './clock.js';
import { AppSettings, ClockTurn, FaultPlan, MAX_FAULT_PLAN_BYTES, Removal } from './control.schema.js';
import { planFault } from './faults.js';
import { read } from './read.js';
import { removeApps } from './remove-apps.js';

/** The calls that change something; what they changed is on disk before they answer. */
export function mountChanging(scope: FastifyInstance, sandbox: Sandbox): void {
  const { memory } = sandbox;
  const { state, faults } = memory;
  const closing = new AbortController();
  scope.addHook('onClose', (_server, done) => {
    closing.abort();
    done();
  });
  scope.post('/apps', async ({ body }) => {
    const settings = read(AppSettings, body);
    await assertAnswersChallenge(state, settings);
    const app = saveApp(state, settings);
    await memory.keep();
    return appView(state, app);
  });
  scope.post('/clock', async ({ body }) => {
    state.clock.advance(read(ClockTurn, body).advance_seconds);
    await memory.keep();
    return clockView(state.clock);
  });
  scope.post('/faults', { bodyLimit: MAX_FAULT_PLAN_BYTES }, ({ body }, reply) =>
    reply.code(201).send(planFault(faults, read(FaultPlan, body))),
  );
  scope.delete('/faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
  scope.post<{ Params: { persona: string } }>('/users/:persona/revoke', async ({ params, body }) => {
    const { revoked, occasions } = removeApps(state, params.persona, read(Removal, body));
    await memory.keep();
    void notifyApps(sandbox, occasions, closing.signal);
    return { revoked };
  });
  scope.delete('/', async (_request, reply) => {
    await memory.deleteAll();
    return reply.code(204).send();
  });
}
