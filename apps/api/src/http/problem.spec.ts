import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { CodedError } from '#observability';
import { problemOf, problemView } from './problem.js';

const withCode = (code: string, message = 'secret detail'): Error => Object.assign(new Error(message), { code });

describe('a problem', () => {
  it('keeps the sentence, fields and delay of an error with a code', () => {
    const fields = [{ field: 'a.b', message: 'is needed' }];
    expect(problemOf(new CodedError('oauth_app.paused', 'Paused.', { fields, retryAfter: 90 }))).toEqual({
      code: 'oauth_app.paused',
      status: 503,
      detail: 'Paused.',
      fields,
      retryAfter: 90,
    });
  });

  it.each([
    ['a code that is not listed', new CodedError('made.up', 'secret detail')],
    ['any other error', new Error('secret detail')],
    ['a broken rule of the database', withCode('23505')],
    ['no error at all', 'secret detail'],
    ['a fault of the framework', new HttpException('secret detail', 502)],
  ])('is internal without details for %s', (_what, error) => {
    const problem = problemOf(error);
    expect(problem).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(problemView(problem, 'req_1'))).not.toContain('secret');
  });

  it.each(['22021', '22P02', '22003', '22P05', '54000'])(
    'is a mistake of the client for a value that PostgreSQL refuses (%s)',
    (sqlstate) => {
      expect(problemOf(withCode(sqlstate))).toMatchObject({
        code: 'value.refused',
        status: 400,
        detail: expect.not.stringContaining('secret'),
      });
    },
  );

  it.each([
    withCode('ECONNREFUSED'),
    withCode('57P01'),
    withCode('57P03'),
    withCode('08006'),
    withCode('53300'),
    withCode('3D000'),
    withCode('28P01'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
  ])('is 503 with a delay for an unavailable database: %s', (error) => {
    expect(problemOf(error)).toMatchObject({ code: 'database.unavailable', status: 503, retryAfter: 5 });
  });

  it('is 503 for an unavailable queue too', () => {
    expect(problemOf(withCode('queue.unavailable'))).toMatchObject({
      status: 503,
      retryAfter: 5,
      detail: expect.not.stringContaining('secret'),
    });
  });

  it.each<[unknown, number, string]>([
    [new NotFoundException('Cannot GET /v1/accounts?token=secret'), 404, 'route.not_found'],
    [new BadRequestException('x', { cause: withCode('FST_ERR_CTP_INVALID_JSON_BODY') }), 400, 'body.malformed'],
    [new BadRequestException('x', { cause: new SyntaxError('Unexpected token s in secret') }), 400, 'body.malformed'],
    [new HttpException('x', 418), 400, 'request.malformed'],
    [Object.assign(withCode('FST_ERR_BAD_URL'), { name: 'FastifyError', statusCode: 400 }), 400, 'request.malformed'],
  ])('has a code of this API for refusals of the framework', (error, status, code) => {
    const problem = problemOf(error);
    expect(problem).toMatchObject({ status, code });
    expect(problem.detail).not.toContain('secret');
  });
});
