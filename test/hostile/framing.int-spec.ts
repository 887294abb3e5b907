import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ConnectedApi } from '../support/connected-api.js';
import { everyRow } from '../support/tenant-world.js';

let service: ConnectedApi;
beforeAll(async () => {
  service = await ConnectedApi.open();
});
afterAll(() => service.close());

/** Sends bytes as they are, and reads until the server closes the connection. */
async function send(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(service.api.url).port), '127.0.0.1');
  let answer = '';
  socket
    .on('error', () => undefined)
    .on('data', (data) => {
      answer += data.toString('latin1');
    });
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return answer;
}

const BODY = JSON.stringify({ name: 'smuggled' });
const HOST = 'Host: a';
const TYPE = 'Content-Type: application/json';
const LENGTH = `Content-Length: ${BODY.length}`;
const CLOSE = 'Connection: close';
const chunked = (size = BODY.length.toString(16)): string => `${size}\r\n${BODY}\r\n0\r\n\r\n`;

/** Each attack on the framing of a request that would create a key: its headers and its body, or the whole request. */
const ATTACKS: [what: string, lines: string[], body: string][] = [
  ['a length and chunks', [HOST, LENGTH, 'Transfer-Encoding: chunked'], chunked()],
  ['chunks and a length', [HOST, 'Transfer-Encoding: chunked', 'Content-Length: 4'], chunked()],
  ['two lengths that differ', [HOST, LENGTH, 'Content-Length: 1'], BODY],
  ['two lengths in one header', [HOST, `Content-Length: ${BODY.length}, 1`], BODY],
  ['a negative length', [HOST, 'Content-Length: -1'], BODY],
  ['a length with a sign', [HOST, `Content-Length: +${BODY.length}`], BODY],
  ['a hexadecimal length', [HOST, 'Content-Length: 0x13'], BODY],
  ['an endless length', [HOST, 'Content-Length: 99999999999999999999'], BODY],
  ['a coding that is none', [HOST, 'Transfer-Encoding: x-chunked'], chunked()],
  ['a coding with a tab', [HOST, 'Transfer-Encoding:\tchunked, identity'], chunked()],
  ['a coding after a vertical tab', [HOST, 'Transfer-Encoding: \u000bchunked'], chunked()],
  ['two codings', [HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunked()],
  ['a chunk size that is no number', [HOST, 'Transfer-Encoding: chunked'], chunked('0x13')],
  ['an endless chunk size', [HOST, 'Transfer-Encoding: chunked'], chunked('fffffffffffffffff')],
  ['a negative chunk size', [HOST, 'Transfer-Encoding: chunked'], chunked('-1')],
  ['a folded header', [HOST, 'X-A: a\r\n b', LENGTH], BODY],
  ['a folded length', [HOST, `Content-Length:\r\n ${BODY.length}`], BODY],
  ['white space before the colon', [HOST, `Content-Length : ${BODY.length}`], BODY],
  ['white space before a name', [HOST, ` ${LENGTH}`], BODY],
  ['a NUL in a header', [HOST, 'X-A: a\0b', LENGTH], BODY],
  ['a NUL in a name', [HOST, 'X\0A: a', LENGTH], BODY],
  ['a bare line feed in a header', [HOST, `X-A: a\n${LENGTH}`, LENGTH], BODY],
  ['a bare carriage return', [HOST, 'X-A: a\rb', LENGTH], BODY],
  ['two hosts', [HOST, 'Host: b', LENGTH], BODY],
  ['no host', [LENGTH], BODY],
  ['two types', [HOST, 'Content-Type: text/plain', LENGTH], BODY],
  ['two credentials', [HOST, 'Authorization: Bearer b', LENGTH], BODY],
  ['a header of 20 kB', [HOST, `X-A: ${'a'.repeat(20_000)}`, LENGTH], BODY],
  ['3,000 headers', [HOST, ...Array.from({ length: 3_000 }, (_, at) => `X-${at}: a`), LENGTH], BODY],
];

describe('a request with hostile framing', () => {
  it.each(ATTACKS)('is refused once, stores nothing and leaves the process running: %s', async (_what, lines, body) => {
    const before = await everyRow(service);
    const head = ['POST /v1/api-keys HTTP/1.1', `Authorization: Bearer ${service.key}`, TYPE, CLOSE, ...lines];
    const answer = await send(`${head.join('\r\n')}\r\n\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answer).toContain('Content-Type: application/problem+json'.slice(14));
    expect(await everyRow(service)).toEqual(before);
    expect((await service.api.call('/health/live')).status).toBe(200);
  });

  it.each([
    ['after the end of its chunks', 'Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'],
    ['after a shorter one of two lengths', 'Content-Length: 0\r\nContent-Length: 99', ''],
    [
      'after a coding that may be unknown to a proxy',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: cow',
      '0\r\n\r\n',
    ],
  ])('carries no second request: %s', async (_where, framing, end) => {
    const second = `POST /v1/api-keys HTTP/1.1\r\n${HOST}\r\nAuthorization: Bearer ${service.key}\r\n${TYPE}\r\n${LENGTH}\r\n\r\n${BODY}`;
    const before = await everyRow(service);
    const answer = await send(`POST /health/live HTTP/1.1\r\n${HOST}\r\n${framing}\r\n\r\n${end}${second}`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    expect(await everyRow(service)).toEqual(before);
  });
});
