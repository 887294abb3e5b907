import { type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Engine, ReadRequest } from './engine.js';

/** An answer that has been made and not been sent. */
export interface CapturedAnswer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
}

/**
 * Lets the engine answer into the air: its commit is done then, and the answer can be late, lost or replaced. It has no
 * socket, so a client that went away cuts nothing short.
 */
export async function capture(engine: Engine, request: ReadRequest): Promise<CapturedAnswer> {
  const response = new ServerResponse(request);
  let body = '';
  const ended = new Promise<void>((resolve) => {
    response.end = ((chunk?: string | Buffer) => {
      body = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : '';
      resolve();
      return response;
    }) as typeof response.end;
  });
  await Promise.all([engine.handle(request, response), ended]);
  return { status: response.statusCode, headers: response.getHeaders(), body };
}

/** Sends it, if the connection is still open. */
export function send(response: ServerResponse, { status, headers, body }: CapturedAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
