// An endpoint for each path: 200 at once, `/hangs` never. Reports by IPC what it has received since the last report.
import { createServer } from 'node:http';

/** @typedef {{ path: string, eventId: string, at: number }} Receipt `at`: milliseconds since 1970 */

/** @type {Receipt[]} */
let receipts = [];

const server = createServer((request, response) => {
  const at = performance.timeOrigin + performance.now();
  receipts.push({ path: request.url ?? '', eventId: String(request.headers['webhook-id']), at });
  request.resume();
  if (request.url !== '/hangs') request.on('end', () => response.writeHead(200, { 'content-length': 0 }).end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});

process.on('message', () => {
  process.send?.({ receipts });
  receipts = [];
});
process.on('disconnect', () => process.exit());
