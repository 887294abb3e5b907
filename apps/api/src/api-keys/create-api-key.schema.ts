import { z } from 'zod';
import { text } from '../http/fields.js';
import { SCOPES } from '../http/scope.js';

const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:\d{1,5})?$/;

const returnHost = z
  .string()
  .trim()
  .transform((host) => host.toLowerCase())
  .refine((host) => HOST.test(host), 'must be a host, with a port if need be: app.example.com or localhost:3000');

const aMinute = z.int('must be a whole number').min(1, 'must be at least 1').max(1_000_000, 'must be at most 1000000').optional();

export const createApiKeyBody = z.strictObject({
  name: text(80),
  environment: z.enum(['live', 'test'], { error: 'must be live or test' }).optional(),
  scopes: z
    .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }))
    .min(1, 'must name at least one')
    .transform((scopes) => [...new Set(scopes)])
    .optional(),
  return_hosts: z.array(returnHost).max(20, 'must be at most 20').default([]),
  rate_limits: z.strictObject({ read: aMinute, write: aMinute, heavy: aMinute }).optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2027-01-01T00:00:00Z' })
    .transform((text) => new Date(text))
    .refine((time) => time.getTime() > Date.now(), 'must be in the future')
    .optional(),
});

export type CreateApiKeyBody = z.output<typeof createApiKeyBody>;

export const createApiKeyExample: z.input<typeof createApiKeyBody> = {
  name: 'CI',
  environment: 'test',
  scopes: ['accounts:read', 'oauth:write'],
  return_hosts: ['app.example.com'],
};
