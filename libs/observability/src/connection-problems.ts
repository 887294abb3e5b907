import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers to bytes that form no request: status and sentence by code. */
export const CONNECTION_PROBLEMS = {
  'request.malformed': [400, 'The request cannot be read.'],
  'method.not_allowed': [405, 'The path exists, but not with this method.'],
  'request.timeout': [408, 'The request did not arrive whole within 30 seconds.'],
  'headers.too_large': [431, 'The request line and the headers are larger than 16384 bytes.'],
} as const;

export type ConnectionProblem = keyof typeof CONNECTION_PROBLEMS;

/** A connection that was answered without a complete request. */
export interface RefusedConnection {
  status: number;
  requestId: string;
  address: string | undefined;
}

/** `path`: with its query, where the headers of the refused request have arrived. */
interface Refusal {
  code: ConnectionProblem;
  requestId: string;
  path: string | undefined;
}

/** How a server answers what never reaches its handler. */
export interface RefusalOptions {
  newRequestId: () => string;
  /** Headers of every answer that does not come from the handler, to a peer with this address. */
  headers?: (peer: string) => Readonly<Record<string, string>>;
  /** By default problem+json. */
  contentOf?: (refusal: Refusal) => { contentType: string; body: string };
  onRefused?: (refused: RefusedConnection) => void;
}

export type Refuse = (problem: ConnectionProblem, socket: Duplex, path?: string) => void;

/** Milliseconds in which a client may read the last answer of its connection. */
const LAST_ANSWER_TIMEOUT = 1_000;

/** RFC 9457. */
function problemJson({ code, requestId }: Refusal): { contentType: string; body: string } {
  const [status, detail] = CONNECTION_PROBLEMS[code];
  const problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? '',
    status,
    detail,
    code,
    request_id: requestId,
  };
  return { contentType: 'application/problem+json', body: JSON.stringify(problem) };
}

/** Writes the last answer to the socket itself. A connection whose answer has started is closed without another answer. */
export function refusing({ newRequestId, headers, contentOf = problemJson, onRefused }: RefusalOptions): Refuse {
  return (problem, socket, path) => {
    if (!socket.writable || hasBegunToAnswer(socket)) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    const address = 'remoteAddress' in socket ? String(socket.remoteAddress) : undefined;
    const [status] = CONNECTION_PROBLEMS[problem];
    const { contentType, body } = contentOf({ code: problem, requestId, path });
    const lines = Object.entries({
      ...headers?.(address ?? 'unknown'),
      'X-Request-Id': requestId,
      'Cache-Control': 'no-store',
      'Content-Type': `${contentType}; charset=utf-8`,
      'Content-Length': String(Buffer.byteLength(body)),
      Date: new Date().toUTCString(),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
    // An immediate reset may reach the client before the client reads the answer.
    setTimeout(() => socket.destroy(), LAST_ANSWER_TIMEOUT).unref();
    onRefused?.({ status, requestId, address });
  };
}

function hasBegunToAnswer(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return message?.headersSent === true;
}
