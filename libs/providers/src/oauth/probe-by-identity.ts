import type { Duration } from '#config';
import type { Provider } from '../contract/provider.js';

/** Probes by asking who the token speaks for: where there is nothing cheaper. */
export function probeByIdentity(identity: Provider['identity'], every: Duration): Provider['probe'] {
  return {
    every,
    request: ({ accessToken, scopes }) => identity.request(accessToken, scopes),
    read: (json) => (identity.read(json) ? { ok: true } : undefined),
  };
}
