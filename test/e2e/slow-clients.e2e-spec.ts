import { expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { session } from '../support/service.js';

const { apiUrl } = session();
const CONNECTIONS = 120;

interface End {
  status: string;
  after: number;
}

/** Sends one byte of a request in ten seconds, as a client that holds its connection; returns how the server ends it. */
function drip(host: string, begin: string): Promise<End> {
  const startedAt = performance.now();
  const socket: Socket = connect(Number(new URL(apiUrl).port), host);
  let said = '';
  const timer = setInterval(() => socket.writable && socket.write('a'), 10_000);
  socket
    .on('error', () => undefined)
    .on('data', (data) => {
      said += data.toString();
    });
  socket.write(begin);
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(timer);
      resolve({ status: said.split('\r\n', 1)[0] ?? '', after: performance.now() - startedAt });
    });
  });
}

const HEADERS = 'GET /health/live HTTP/1.1\r\nHost: a\r\nX-Slow: ';
const BODY = 'POST /v1/callbacks/tiktok HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n';

it('ends every connection that sends one byte in ten seconds within half a minute, at each address, and serves others meanwhile', async () => {
  const slow = Array.from({ length: CONNECTIONS }, (_, n) =>
    drip(n % 3 === 0 ? '::1' : '127.0.0.1', n % 2 === 0 ? HEADERS : BODY),
  );
  expect((await fetch(`${apiUrl}/health/live`)).status).toBe(200);
  const ends = await Promise.all(slow);
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['HTTP/1.1 408 Request Timeout']));
  expect(Math.max(...ends.map(({ after }) => after))).toBeLessThan(32_000);
}, 60_000);
