import type { ApiKeyRecord, ApiScope } from '#accounts';
import type { Secret } from '#observability';
import { isoTime, publicId } from '../http/fields.js';
import type { ApiKeyView, NewApiKeyView } from './api-key.schema.js';

/** A key as lists show it. */
export const apiKeyView = (key: ApiKeyRecord): ApiKeyView => ({
  ...common(key),
  last_used_at: isoTime(key.lastUsedAt),
  rate_limits: key.rateLimits,
});

/** The one response that contains the key. */
export const newApiKeyView = (record: ApiKeyRecord, key: Secret): NewApiKeyView => ({
  ...common(record),
  key: key.reveal(),
});

const common = (key: ApiKeyRecord): Omit<NewApiKeyView, 'key'> => ({
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
