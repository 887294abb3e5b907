import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { capture, send } from './captured-answer.js';
import type { Knobs, ServerKind } from './contract.js';
import { controlSurface, type Surface } from './control-surface.js';
import type { Engine, EngineSettings, ReadRequest, RegisteredClient } from './engine.js';
import { FaultScript, latenessAt, strikesAt } from './fault-script.js';
import { nodeOauthEngine } from './node-oauth-engine.js';
import { oidcEngine } from './oidc-engine.js';
import { readText } from './read-text.js';
import { TokenDesk } from './token-desk.js';
import { UseLog } from './use-log.js';
import { setTimeout as sleep } from 'node:timers/promises';

interface Settings {
  kind: ServerKind;
  port: number;
  controlPort: number;
  client: RegisteredClient;
  knobs: Partial<Knobs>;
}

const DEFAULTS: Knobs = { accessTokenLife: 7_200, graceSeconds: 0, delayBefore: 0, delayAfter: 0 };

const engines: Record<ServerKind, (settings: EngineSettings) => Engine | Promise<Engine>> = {
  'oidc-provider': oidcEngine,
  'oauth2-server': nodeOauthEngine,
};

/** The whole process: an authorization server on one port, its control surface on another; reports both over IPC. */
export async function serve({ kind, port, controlPort, client, knobs: given }: Settings): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  const knobs = { ...DEFAULTS, ...given };
  const server = createServer();
  const at = await listen(server, port);
  const engine = await engines[kind]({ url: `http://127.0.0.1:${at}`, client, knobs });
  const surface: Surface = { engine, knobs, faults: new FaultScript(), log: new UseLog() };
  const desk = new TokenDesk(engine, knobs, surface.faults, surface.log);
  server.on('request', (request, response) => {
    // A request whose connection closes before the end of its body is not counted.
    void answer(surface, desk, request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  process.send?.({ port: at, controlPort: await listen(controlSurface(surface), controlPort) });
}

async function listen(server: Server, port: number): Promise<number> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function answer(
  surface: Surface,
  desk: TokenDesk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read: ReadRequest = Object.assign(request, {
    body: Object.fromEntries(new URLSearchParams(await readText(request))),
  });
  const path = (request.url ?? '').split('?')[0];
  if (path === '/token') await desk.handle(read, response);
  else if (path === '/me') await answerIdentity(surface, read, response);
  else await pass(surface, read, response);
}

async function answerIdentity(surface: Surface, request: ReadRequest, response: ServerResponse): Promise<void> {
  const { faults, log } = surface;
  log.counters.userinfoRequests += 1;
  const fault = faults.next('userinfo');
  if (fault) log.counters.faults += 1;
  await sleep(latenessAt(fault, 'before') + latenessAt(fault, 'after'));
  if (strikesAt(fault, 'before') || strikesAt(fault, 'after')) faults.strike(response, fault);
  else send(response, await capture(surface.engine, request));
}

async function pass({ engine, log }: Surface, request: ReadRequest, response: ServerResponse): Promise<void> {
  if (request.url?.startsWith('/token/revocation')) log.counters.revocations += 1;
  send(response, await capture(engine, request));
}
