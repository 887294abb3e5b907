import type { FastifyInstance } from 'fastify';
import { type EndpointName, personas, sandboxes } from '#providers/sandbox';
import type { CallRecord } from '../memory/call-log.js';
import type { Memory } from '../memory/memory.js';
import { appView } from './apps.js';
import { clockView } from './clock.js';
import { CallQuery, EffectQuery } from './control.schema.js';
import { faultView } from './faults.js';
import { read } from './read.js';

const carryingRefreshTokens: readonly EndpointName[] = ['token', 'revoke'];

/** The calls that change nothing. */
export function mountLooking(scope: FastifyInstance, memory: Memory): void {
  scope.get('/health', () => ({ status: 'ok' }));
  scope.get('/personas', personaViews);
  scope.get('/calls', ({ query }) => findCalls(memory, query));
  scope.get('/effects', ({ query }) =>
    memory.state.posts
      .ledger(read(EffectQuery, query).provider)
      .map(({ provider, account, text, media, details, at, id }) => ({
        provider,
        account,
        text,
        media,
        details,
        at: new Date(at).toISOString(),
        id,
      })),
  );
  scope.get('/apps', () => [...memory.state.apps.all()].map((app) => appView(memory.state, app)));
  scope.get('/clock', () => clockView(memory.state.clock));
  scope.get('/faults', () => memory.faults.list().map(faultView));
}

const personaViews = (): object[] =>
  personas.map(({ key, displayName, handle, story }) => ({
    persona: key,
    display_name: displayName,
    handle,
    story,
    providers: sandboxes
      .filter(({ impossiblePersonas }) => !Object.hasOwn(impossiblePersonas, key))
      .map(({ name }) => name),
  }));

function findCalls(memory: Memory, query: unknown): CallRecord[] {
  const { provider, since, endpoint } = read(CallQuery, query);
  const endpoints = endpoint === undefined ? carryingRefreshTokens : [endpoint].filter((name) => name !== 'all');
  return memory.calls.find({ provider, since, endpoints: endpoint === 'all' ? undefined : endpoints });
}
