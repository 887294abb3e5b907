import { createServer, type IncomingMessage, type Server } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Fault, FaultyEndpoint, Knobs } from './contract.js';
import type { Engine } from './engine.js';
import type { FaultScript } from './fault-script.js';
import { readText } from './read-text.js';
import type { UseLog } from './use-log.js';

export interface Surface {
  engine: Engine;
  knobs: Knobs;
  faults: FaultScript;
  log: UseLog;
}

type Route = (surface: Surface, body: unknown, query: URLSearchParams) => unknown;

const routes: Record<string, Route> = {
  'POST /seed': ({ engine }, body) => seed(engine, (body as { count: number }).count),
  'GET /truth': ({ engine }) => engine.userIds().map((userId) => engine.truth(userId)),
  'GET /uses': ({ log }, _body, query) => log.after(Number(query.get('after') ?? 0)),
  'GET /counters': ({ log }) => log.counters,
  'POST /knobs': ({ knobs }, body) => Object.assign(knobs, body as Partial<Knobs>),
  'POST /script': ({ faults }, body) => {
    const { endpoint, faults: given } = body as { endpoint: FaultyEndpoint; faults: (Fault | null)[] };
    faults.script(endpoint, given);
  },
  'POST /always': ({ faults }, body) => {
    const { endpoint, fault } = body as { endpoint: FaultyEndpoint; fault: Fault | null };
    faults.always(endpoint, fault);
  },
  'POST /heal': ({ faults }) => {
    faults.heal();
  },
  'POST /revoke': async ({ engine, log }, body) => {
    for (const userId of (body as { userIds: string[] }).userIds) {
      await engine.revoke(userId);
      log.counters.revocations += 1;
    }
  },
};

/** The harness's hand on the server, on a port of its own that no fault touches. */
export function controlSurface(surface: Surface): Server {
  return createServer((request, response) => {
    void act(surface, request).then(
      ([status, body]) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(body === undefined ? '' : JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
}

async function act(surface: Surface, request: IncomingMessage): Promise<[status: number, body: unknown]> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  const route = routes[`${request.method} ${pathname}`];
  if (!route) return [404, { error: `nothing at ${request.method} ${pathname}` }];
  const text = await readText(request);
  return [200, await route(surface, text === '' ? undefined : JSON.parse(text), searchParams)];
}

async function seed(engine: Engine, count: number): Promise<unknown[]> {
  const seeded = [];
  for (let made = 0; made < count; made += 1) seeded.push(await engine.seed(randomUUID()));
  return seeded;
}
