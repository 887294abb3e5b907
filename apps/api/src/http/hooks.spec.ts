import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import type { Logger } from '#observability';
import { recordAddresses } from './client-address.js';
import { publicId } from './fields.js';
import { logRequests, nameAccount, requestIdOf } from './hooks.js';

const idFor = (given: string | string[] | undefined): string => requestIdOf({ headers: { 'x-request-id': given } });

describe('a request id', () => {
  it.each(['a', 'A.b_c-9', 'x'.repeat(128)])("is the caller's own: %s", (given) => {
    expect(idFor(given)).toBe(given);
  });

  it.each([undefined, '', 'x'.repeat(129), 'a b', 'a/b', 'a\nb', 'ä', '<script>', ['a', 'b']])(
    'is a new one instead of %j',
    (given) => {
      expect(idFor(given)).toMatch(/^req_[0-9a-z]{26}$/);
    },
  );
});

describe('the log line of a request', () => {
  const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
  const lines: object[] = [];
  const server = fastify();
  const logger = { info: (line: object) => lines.push(line) } as unknown as Logger;
  recordAddresses(server);
  logRequests(server, logger);
  server.get('/v1/accounts/:id/token', (_request, reply) => reply.send({}));
  server.post('/v1/accounts', (request, reply) => {
    nameAccount(request, uuid);
    return reply.status(201).send({});
  });

  it.each([
    [
      'that its path names',
      'GET',
      `/v1/accounts/${publicId('acc', uuid)}/token?secret=s`,
      '/v1/accounts/:id/token',
      200,
    ],
    ['that its use case names', 'POST', '/v1/accounts', '/v1/accounts', 201],
  ] as const)(
    'has the account %s, its own id, the client, the route, the status and the time',
    async (_by, method, url, route, status) => {
      lines.length = 0;
      await server.inject({ method, url });
      expect(lines).toEqual([
        {
          method,
          route,
          status,
          ms: expect.any(Number),
          requestId: expect.any(String),
          client: '127.0.0.1',
          account: uuid,
        },
      ]);
    },
  );

  it('has no account where the path has another id', async () => {
    lines.length = 0;
    await server.inject({ url: '/v1/accounts/whatever/token' });
    expect(lines).toEqual([expect.not.objectContaining({ account: expect.anything() })]);
  });
});
