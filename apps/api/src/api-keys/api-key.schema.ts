import { z } from 'zod';
import {
  API_SCOPES,
  apiKeyFields,
  type ApiKeyRecord,
  type ApiScope,
  ON_REQUEST_SCOPES,
  parseReturnUrl,
  RESERVED_SCOPES,
  text,
} from '#accounts';
import type { Secret } from '#observability';
import { idOf, isoTime, listOf, publicId, time } from '../http/fields.js';

const commonFields = {
  id: idOf('key'),
  name: z.string(),
  key_prefix: z.string().describe('Enough to recognise the key, too little to use it.'),
  environment: z.enum(['live', 'test']),
  scopes: z.array(z.enum(API_SCOPES)),
  return_hosts: z.array(z.string()),
  created_at: time,
  expires_at: time.nullable(),
  created_by: idOf('key')
    .nullable()
    .describe(
      'The key that made this one; its revocation revokes this one too. Null for a key made with a dashboard token or by the command of the operator.',
    ),
};

const limits = z.object({ read: z.int().optional(), write: z.int().optional(), heavy: z.int().optional() });

/** An API key in a list. */
export const apiKeySchema = z
  .object({ ...commonFields, last_used_at: time.nullable(), rate_limits: limits.nullable() })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.output<typeof apiKeySchema>;

/** The one response that contains the key. */
export const newApiKeySchema = z
  .object({ ...commonFields, key: z.string().describe('Shown this once.') })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyView = z.output<typeof newApiKeySchema>;

const commonExample = {
  id: 'key_01h455vb4pex5vsknk084sn02v',
  name: 'CI',
  key_prefix: 'dra_test_8f2c',
  environment: 'test' as const,
  scopes: ['accounts:read' as const, 'oauth:write' as const],
  return_hosts: [],
  created_at: '2026-11-30T09:00:00Z',
  expires_at: null,
  created_by: null,
};

export const apiKeyExample: ApiKeyView = { ...commonExample, last_used_at: '2026-12-01T08:00:00Z', rate_limits: null };
export const newApiKeyExample: NewApiKeyView = { ...commonExample, key: 'dra_test_8f2c…' };

export const apiKeyView = (key: ApiKeyRecord): ApiKeyView => ({
  ...commonView(key),
  last_used_at: isoTime(key.lastUsedAt),
  rate_limits: key.rateLimits,
});

export const newApiKeyView = (record: ApiKeyRecord, key: Secret): NewApiKeyView => ({
  ...commonView(record),
  key: key.reveal(),
});

const commonView = (key: ApiKeyRecord): Omit<NewApiKeyView, 'key'> => ({
  id: publicId('key', key.id),
  name: key.name,
  key_prefix: key.keyPrefix,
  environment: key.environment,
  scopes: key.scopes as ApiScope[],
  return_hosts: key.returnHosts,
  created_at: isoTime(key.createdAt),
  expires_at: isoTime(key.expiresAt),
  created_by: key.createdBy && publicId('key', key.createdBy),
});

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

const requestsPerMinute = z
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
  rate_limits: z
    .strictObject({ read: requestsPerMinute, write: requestsPerMinute, heavy: requestsPerMinute })
    .optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2027-01-01T00:00:00Z' })
    .transform((time) => new Date(time))
    .refine((time) => time.getUTCFullYear() <= 9_999, 'must be at most 9999-12-31T23:59:59Z')
    .nullish()
    .transform((time) => time ?? undefined)
    .describe('By default the end of the key that makes this one, if it has any.'),
});

export type CreateApiKeyBody = z.output<typeof createApiKeyBody>;

/** Omits `return_hosts`, which a key without hosts of its own must not set: any test key can send this example. */
export const createApiKeyExample: z.input<typeof createApiKeyBody> = {
  name: 'CI',
  environment: 'test',
  scopes: ['accounts:read', 'oauth:write'],
};
