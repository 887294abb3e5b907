import type { Secret } from '#observability';

/** The customer's own app at the platform. */
export interface AppCredentials {
  clientId: string;
  clientSecret: Secret;
}
