import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { DropArgument, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionProblem, type Refuse, type RefusalOptions, refusing } from './connection-problems.js';

/** Time limits for a client, in milliseconds. */
export interface HttpServerTimes {
  /** Interval of the check of the other limits, so a limit may be exceeded by this time. */
  checkEvery: number;
  headers: number;
  /** Headers and body. */
  request: number;
  /** The same of a request for which `mayTakeLong` is true. */
  longRequest: number;
  keepAlive: number;
  /** Between requests, whatever bytes arrive: line ends that start no request stop Node's own timer. */
  idle: number;
  /** From the headers to the end of the answer. */
  exchange: number;
}

/**
 * A complete request arrives within 30 seconds, one with a large body within a minute. Common load balancers close an idle connection after 60 seconds;
 * `keepAlive` is longer, so that no request arrives at a closing connection. The slowest answers wait 65 seconds for a
 * platform, and a client may read slowly: `exchange` covers both.
 */
const TIMES: HttpServerTimes = {
  checkEvery: 1_000,
  headers: 20_000,
  request: 29_000,
  longRequest: 61_000,
  keepAlive: 72_000,
  idle: 75_000,
  exchange: 180_000,
};

export interface HttpServerOptions extends RefusalOptions {
  handler: RequestListener;
  times?: HttpServerTimes;
  /** Whether a request may have a large body, by its path. */
  mayTakeLong?: (request: IncomingMessage) => boolean;
  /** Maximum number of open connections: in total, and of one address. */
  most: number;
  mostPerAddress: number;
  /** Whether an address belongs to a proxy with the connections of many clients. */
  isTrusted?: (address: string) => boolean;
  onDropped?: (address: string | undefined) => void;
}

/**
 * A server that limits the time of each request, answer and pause, and the number of connections. Requests that the parser
 * refuses get an answer too.
 */
export function newHttpServer(options: HttpServerOptions): Server {
  const { times = TIMES } = options;
  const server = createServer(
    {
      requestTimeout: options.mayTakeLong ? times.longRequest : times.request,
      headersTimeout: times.headers,
      connectionsCheckingInterval: times.checkEvery,
      keepAliveTimeout: times.keepAlive,
      // Node would answer without a body; the handler refuses such a request with one.
      requireHostHeader: false,
    },
    options.handler,
  );
  server.maxConnections = options.most;
  countByAddress(server, options);
  limitDurations(server, times);
  const refuse = afterAnswers(server, refusing(options));
  limitRequests(server, options, refuse);
  server.on('drop', (from?: DropArgument) => options.onDropped?.(from?.remoteAddress));
  server.on('clientError', (error, socket) => {
    refuse(problemOf(error), socket);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuse('method.not_allowed', socket);
  });
  server.on('checkExpectation', options.handler);
  return server;
}

function countByAddress(server: Server, { mostPerAddress, isTrusted, onDropped }: HttpServerOptions): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isTrusted?.(address)) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count <= mostPerAddress) return;
    onDropped?.(address);
    socket.destroy();
  });
}

/** Closes connections that are idle too long, or whose answer takes too long to produce or to read. */
function limitDurations(server: Server, times: HttpServerTimes): void {
  const deadlines = new Map<Duplex, number>();
  const within = (socket: Duplex, duration: number): void => {
    if (deadlines.has(socket)) deadlines.set(socket, performance.now() + duration);
  };
  server.on('connection', (socket) => {
    deadlines.set(socket, performance.now() + times.idle);
    socket.once('close', () => deadlines.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    within(socket, times.exchange);
    response.once('close', () => {
      within(socket, times.idle);
    });
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, deadline] of deadlines) if (deadline < now) socket.destroy();
  }, times.checkEvery).unref();
  server.once('close', () => {
    clearInterval(timer);
  });
}

function problemOf({ code }: NodeJS.ErrnoException): ConnectionProblem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request.timeout';
  return code === 'HPE_HEADER_OVERFLOW' ? 'headers.too_large' : 'request.malformed';
}

/** Node has one limit for all requests of a server, which is the one of long requests: the others have a timer each. */
function limitRequests(server: Server, { times = TIMES, mayTakeLong }: HttpServerOptions, refuse: Refuse): void {
  if (!mayTakeLong) return;
  const limit = (request: IncomingMessage, response: ServerResponse): void => {
    if (!hasBody(request) || mayTakeLong(request)) return;
    const timer = setTimeout(
      () => {
        if (!request.complete) refuse('request.timeout', request.socket, request.url);
      },
      times.request - sinceFirstByte(request.socket),
    );
    request.once('end', () => {
      clearTimeout(timer);
    });
    response.once('close', () => {
      clearTimeout(timer);
    });
  };
  server.prependListener('request', limit);
  server.prependListener('checkExpectation', limit);
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Milliseconds since the first byte of the request that is being received, by the parser that measures Node's own limit. */
function sinceFirstByte(socket: Socket): number {
  const { parser } = socket as { parser?: { duration?: () => number } | null };
  return parser?.duration?.() ?? 0;
}

/**
 * Refuses once on a connection, and after the answers to the whole requests that came before (RFC 9112 9.3.2). Node reports a
 * malformed request while those answers are still being made, and never sends what is not sent when the socket ends. The
 * deadline of an exchange bounds the wait.
 */
function afterAnswers(server: Server, refuse: Refuse): Refuse {
  const owed = new WeakMap<Duplex, Set<ServerResponse>>();
  const refused = new WeakSet<Duplex>();
  const record = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const answers = owed.get(socket) ?? new Set();
    owed.set(socket, answers.add(response));
    response.once('close', () => answers.delete(response));
  };
  server.prependListener('request', record);
  server.prependListener('checkExpectation', record);
  return (problem, socket, path) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const answers = [...(owed.get(socket) ?? [])].filter(({ req }) => req.complete);
    void Promise.all(answers.map((answer) => once(answer, 'close'))).then(() => {
      refuse(problem, socket, path);
    });
  };
}
