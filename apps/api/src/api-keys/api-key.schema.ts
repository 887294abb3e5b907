import { z } from 'zod';
import { API_SCOPES } from '#accounts';
import { idOf, time } from '../http/fields.js';

const common = {
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
  .object({ ...common, last_used_at: time.nullable(), rate_limits: limits.nullable() })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.output<typeof apiKeySchema>;

/** The one response that contains the key. */
export const newApiKeySchema = z
  .object({ ...common, key: z.string().describe('Shown this once.') })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyView = z.output<typeof newApiKeySchema>;

const shared = {
  id: 'key_01h455vb4pex5vsknk084sn02v',
  name: 'CI',
  key_prefix: 'dra_test_8f2c',
  environment: 'test' as const,
  scopes: ['accounts:read' as const, 'oauth:write' as const],
  return_hosts: ['app.example.com'],
  created_at: '2026-11-30T09:00:00Z',
  expires_at: null,
  created_by: null,
};

export const apiKeyExample: ApiKeyView = { ...shared, last_used_at: '2026-12-01T08:00:00Z', rate_limits: null };
export const newApiKeyExample: NewApiKeyView = { ...shared, key: 'dra_test_8f2c…' };
