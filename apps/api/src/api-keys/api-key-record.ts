import type { ApiKey } from '#persistence';

/** A key as this app hands it about: without its hash. */
export type ApiKeyRecord = Omit<ApiKey, 'keyHash'>;
