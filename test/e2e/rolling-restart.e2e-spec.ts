import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Backend } from '../support/backend.js';
import { startSecondApi } from '../support/second-api.js';
import { type ServiceSession, session } from '../support/service.js';

/** Milliseconds between the readiness checks of the load balancer. */
const CHECK_INTERVAL = 250;
/** Seconds; well above the interval of the checks. */
const SHUTDOWN_DELAY = '2';
const CLIENTS = 12;
/** Three processes start one after the other. */
const TEST_TIMEOUT = 180_000;

type Api = Awaited<ReturnType<typeof startSecondApi>>;

/** Sends each request to the next API that was ready at the last check. It does not retry. */
class LoadBalancer {
  readonly targets = new Set<Api>();
  readonly #agent = new Agent({ keepAlive: true });
  #ready: Api[] = [];
  #next = 0;
  readonly #server: Server;
  readonly #timer = setInterval(() => void this.check(), CHECK_INTERVAL);

  constructor() {
    this.#server = createServer((near, answer) => {
      const target = this.#ready[(this.#next += 1) % this.#ready.length];
      if (!target) {
        answer.writeHead(502).end();
        return;
      }
      const far = send(
        new URL(near.url ?? '/', target.apiUrl),
        { agent: this.#agent, method: near.method ?? 'GET', headers: { ...near.headers, connection: 'keep-alive' } },
        (got) => {
          answer.writeHead(got.statusCode ?? 502);
          got.pipe(answer);
        },
      );
      far.on('error', (error) => answer.writeHead(502).end(error.message));
      near.pipe(far);
    });
  }

  async listen(): Promise<string> {
    // The clients keep their connections; a close between two requests would look like a failed request.
    this.#server.keepAliveTimeout = 60_000;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async check(): Promise<void> {
    const checked = await Promise.all(
      [...this.targets].map(async (target) => {
        const isReady = await fetch(`${target.apiUrl}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
        return isReady ? target : undefined;
      }),
    );
    this.#ready = checked.filter((target) => target !== undefined);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let service: ServiceSession;
let backend: Backend;
let balancer: LoadBalancer;
let url: string;

const start = async (): Promise<Api> => {
  const api = await startSecondApi(service, { SHUTDOWN_DELAY });
  balancer.targets.add(api);
  await balancer.check();
  return api;
};
const stop = async (api: Api): Promise<void> => {
  await api.stop();
  balancer.targets.delete(api);
};

beforeAll(async () => {
  service = session();
  backend = await Backend.ofNewCustomer(service);
  balancer = new LoadBalancer();
  url = await balancer.listen();
});
afterAll(async () => {
  await Promise.all([...balancer.targets].map((api) => api.stop()));
  balancer.close();
});

describe('a rolling restart behind a load balancer that checks readiness', () => {
  it(
    'fails no request under load',
    async () => {
      const [first, second] = await Promise.all([start(), start()]);
      const outcomes = new Map<number | string, number>();
      let isOver = false;
      const client = async (): Promise<void> => {
        while (!isOver) {
          const headers = { authorization: `Bearer ${backend.key}` };
          const outcome = await fetch(`${url}/v1/accounts?limit=5`, { headers }).then(
            async (response) => (await response.text(), response.status),
            (error: unknown) => inspect(error),
          );
          // A key has a limit of requests for each minute.
          const counted = outcome === 429 ? 200 : outcome;
          outcomes.set(counted, (outcomes.get(counted) ?? 0) + 1);
          await pause(20);
        }
      };
      const clients = Promise.all(Array.from({ length: CLIENTS }, client));
      try {
        await pause(500);
        await stop(first);
        await start();
        await stop(second);
        await pause(500);
      } finally {
        isOver = true;
        await clients;
      }
      expect([...outcomes.keys()]).toEqual([200]);
      expect(outcomes.get(200)).toBeGreaterThan(200);
    },
    TEST_TIMEOUT,
  );
});
