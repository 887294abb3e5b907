import type { FastifyRequest } from 'fastify';
import type { Tenant } from '#persistence';
import { invalid } from './validation.js';

/** Two requests are equal if credential, route and key are equal. */
export interface IdempotentRequest extends Tenant {
  credential: string;
  method: string;
  path: string;
  key: string;
  body: string;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The identity of a request with an `Idempotency-Key`; undefined without that header. Throws `validation.failed` for a malformed key. */
export function idempotentRequest({
  headers,
  caller,
  method,
  url,
  bodyText = '',
}: FastifyRequest): IdempotentRequest | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || !caller) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw invalid([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
  }
  const { tenant, credential } = caller;
  return { ...tenant, credential, method, path: url.split('?', 1)[0] ?? '', key, body: bodyText };
}
