import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { PlatformRequest } from '#providers';
import { PlatformClient } from './platform-client.js';
import type { PlatformConnection } from './platform-connection.js';

const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;

let server: Server;
let origin: string;
let answer: RequestListener;
let received: { bytes: number; complete: boolean } = { bytes: 0, complete: false };

const client = new PlatformClient('http://127.0.0.1:1');
const connect = (): Promise<PlatformConnection> =>
  client.connect(new PlatformRequest({ method: 'POST', url: `${origin}/upload` }), 'live');
const body = (bytes: Readable, maxBytes = 100 * MEGABYTE) => ({ bytes, maxBytes });

beforeAll(async () => {
  server = createServer((request, response) => {
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received = { bytes: 0, complete: false };
  answer = (request, response) => {
    request
      .on('data', (chunk: Buffer) => {
        received.bytes += chunk.length;
      })
      .on('error', () => undefined)
      .on('end', () => {
        received.complete = true;
        response.end('stored');
      });
  };
});

/** A body of that many kilobytes, and how many of them were taken. */
function kilobytes(count: number): { bytes: Readable; taken: () => number } {
  let taken = 0;
  const bytes = new Readable({
    highWaterMark: 16 * KILOBYTE,
    read() {
      taken += 1;
      this.push(taken > count ? null : Buffer.alloc(KILOBYTE));
    },
  });
  return { bytes, taken: () => taken };
}

describe('a streamed body', () => {
  it('arrives as a whole', async () => {
    const line = await connect();
    const response = await line.stream(body(kilobytes(2_000).bytes));
    expect(await text(response)).toBe('stored');
    expect(received).toEqual({ bytes: 2_000 * KILOBYTE, complete: true });
  });

  it('is taken no faster than the platform reads', async () => {
    answer = (request, response) => {
      request.once('readable', () => setTimeout(() => response.end('enough'), 200));
    };
    const { bytes, taken } = kilobytes(200_000);
    const line = await connect();
    const sending = line.stream(body(bytes));
    await new Promise((later) => setTimeout(later, 150));
    expect(taken()).toBeLessThan(20_000);
    const response = await sending;
    line.abort();
    response.on('error', () => undefined).destroy();
  });

  it('that is larger than allowed does not arrive as a whole one', async () => {
    const line = await connect();
    const sending = line.stream(body(kilobytes(200).bytes, 100 * KILOBYTE));
    await expect(sending).rejects.toMatchObject({ code: 'body.too_large' });
    expect(received.complete).toBe(false);
  });

  it('that is interrupted does not arrive as a complete one', async () => {
    const bytes = Readable.from([Buffer.alloc(KILOBYTE)], { objectMode: false });
    const broken = new Readable({ read: () => undefined });
    bytes.on('data', (chunk) => broken.push(chunk));
    bytes.on('end', () => setTimeout(() => broken.destroy(new Error('the client is gone')), 50));
    const line = await connect();
    await expect(line.stream(body(broken))).rejects.toMatchObject({ code: 'provider.answer_lost' });
    expect(received.complete).toBe(false);
  });

  it('is read to its end although the platform interrupted the call, so that its sender can be answered', async () => {
    answer = (request) => {
      request.socket.destroy();
    };
    const { bytes } = kilobytes(5_000);
    const line = await connect();
    await expect(line.stream(body(bytes))).rejects.toMatchObject({ code: 'provider.answer_lost' });
    await finished(bytes);
    expect(bytes.readableEnded).toBe(true);
  });
});
