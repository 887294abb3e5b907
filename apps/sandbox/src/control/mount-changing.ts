import type { FastifyInstance } from 'fastify';
import { personaNamed } from '#providers/sandbox';
import type { Memory } from '../memory/memory.js';
import { appView, saveApp } from './apps.js';
import { clockView } from './clock.js';
import { AppSettings, ClockTurn, FaultPlan, Removal } from './control.schema.js';
import { planFault } from './faults.js';
import { Problem } from './problem.js';
import { read } from './read.js';

/** The calls that change something; what they changed is on disk before they answer. */
export function mountChanging(scope: FastifyInstance, memory: Memory): void {
  const { state, faults } = memory;
  scope.post('/apps', async ({ body }) => {
    const app = saveApp(state, read(AppSettings, body));
    await memory.keep();
    return appView(app);
  });
  scope.post('/clock', async ({ body }) => {
    state.clock.advance(read(ClockTurn, body).advance_seconds);
    await memory.keep();
    return clockView(state.clock);
  });
  scope.post('/faults', ({ body }, reply) => reply.code(201).send(planFault(faults, read(FaultPlan, body))));
  scope.delete('/faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
  scope.post<{ Params: { persona: string } }>('/users/:persona/revoke', async ({ params, body }) => {
    const revoked = revoke(memory, params.persona, body);
    await memory.keep();
    return { revoked };
  });
  scope.delete('/', async (_request, reply) => {
    await memory.forgetAll();
    return reply.code(204).send();
  });
}

function revoke({ state }: Memory, persona: string, body: unknown): number {
  const { provider, client_id: clientId } = read(Removal, body);
  if (personaNamed(persona)) return state.endGrantsOf({ provider, persona, clientId });
  throw new Problem(404, 'Not Found', 'There is no such persona.', [{ field: 'persona', message: 'see GET /_control/personas' }]);
}
