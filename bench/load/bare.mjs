// The baseline: node:http and pg, without authentication, validation, limits, logs and counts. A process of its own, as the API is:
// DATABASE_URL=... node bench/load/bare.mjs prints its port.
import { createServer } from 'node:http';
import pg from 'pg';
import { bareListHandlers } from './bare-list.mjs';
import { bareOneHandlers } from './bare-one.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });

/** @type {Record<string, import('./bare-list.mjs').Handler>} */
const handlers = { ...bareListHandlers, ...bareOneHandlers };

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://bare');
  const handler = handlers[`${request.method} ${url.pathname}`];
  if (!handler) return response.writeHead(404).end();
  return handler(pool, url.searchParams).then(
    (body) => {
      const text = JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      response.writeHead(200, headers).end(text);
    },
    (/** @type {Error} */ error) => response.writeHead(500).end(error.message),
  );
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
