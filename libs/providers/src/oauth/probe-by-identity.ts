import type { Duration } from '#config';
import type { Provider } from '../contract/provider.js';

/** Probes with the identity call: where there is no cheaper one. */
export function probeByIdentity(identity: Provider['identity'], every: Duration): Provider['probe'] {
  return {
    every,
    request: ({ accessToken, scopes }) => identity.request(accessToken, scopes),
    read: (json) => (identity.read(json) ? { ok: true } : undefined),
  };
}
