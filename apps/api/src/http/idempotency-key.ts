import type { FastifyRequest } from 'fastify';
import type { Tenant } from '#persistence';
import { invalid } from './validation.js';

/** What makes two requests the same one: the credential, the route, the key. */
export interface IdempotentRequest extends Tenant {
  credential: string;
  method: string;
  path: string;
  key: string;
  body: string;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The request as its `Idempotency-Key` names it; undefined when it has none. Throws validation.failed for a malformed one. */
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
