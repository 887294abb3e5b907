import { z } from 'zod';
import { apiKeyFields, ON_REQUEST_SCOPES, parseReturnUrl, RESERVED_SCOPES, text } from '#accounts';
import { listOf } from '../http/fields.js';

/** A host in the form that parsed return URLs have: lower case, punycode, without the port 443. */
const returnHost = text(255).transform((given, context) => {
  const parsed = /[/?#]/.test(given) ? undefined : parseReturnUrl(`https://${given}/`);
  if (parsed && 'url' in parsed) return parsed.url.host;
  context.addIssue({
    code: 'custom',
    message: 'must be a host, with a port if need be: app.example.com or localhost:3000',
  });
  return z.NEVER;
});

const aMinute = z
  .int('must be a whole number')
  .min(1, 'must be at least 1 request per minute')
  .max(1_000_000, 'must be at most 1000000 requests per minute')
  .optional();

export const createApiKeyBody = z.strictObject({
  name: apiKeyFields.name,
  environment: apiKeyFields.environment.optional(),
  scopes: apiKeyFields.scopes
    .optional()
    .describe(
      `By default all scopes of the caller except those that must be named: ${ON_REQUEST_SCOPES.join(', ')}. Reserved, and required by no endpoint yet: ${RESERVED_SCOPES.join(', ')}.`,
    ),
  return_hosts: listOf(returnHost, { most: 20 })
    .transform((hosts) => [...new Set(hosts)])
    .nullish()
    .transform((hosts) => hosts ?? []),
  rate_limits: z.strictObject({ read: aMinute, write: aMinute, heavy: aMinute }).optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2027-01-01T00:00:00Z' })
    .transform((time) => new Date(time))
    .refine((time) => time.getUTCFullYear() <= 9_999, 'must be at most 9999-12-31T23:59:59Z')
    .nullish()
    .transform((time) => time ?? undefined)
    .describe('By default the end of the key that makes this one, if it has any.'),
});

export type CreateApiKeyBody = z.output<typeof createApiKeyBody>;

export const createApiKeyExample: z.input<typeof createApiKeyBody> = {
  name: 'CI',
  environment: 'test',
  scopes: ['accounts:read', 'oauth:write'],
  return_hosts: ['app.example.com'],
};
