import type { FastifyRequest } from 'fastify';
import { CodedError } from '#observability';
import type { Environment } from '#persistence';
import { invalid } from './validation.js';

/** The environment that `X-Environment` asks for, if it does. */
export function askedEnvironment(request: FastifyRequest): Environment | undefined {
  const asked = request.headers['x-environment'];
  if (asked === undefined || asked === 'live' || asked === 'test') return asked;
  throw invalid([{ field: 'X-Environment', message: 'must be live or test' }]);
}

/** A key belongs to one environment; a header that says the other one is a mistake worth telling. */
export const contradiction = (asked: Environment, actual: Environment): CodedError =>
  new CodedError('environment.contradiction', `X-Environment says ${asked}, but the API key belongs to ${actual}.`);
