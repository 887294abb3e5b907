import type { Environment } from '#persistence';
import { findProvider, type Provider } from '#providers';
import { providerLiveOnly, unknownProvider } from '../accounts.errors.js';

/** The provider that a caller named, if it is there in his environment. */
export function knownProvider(name: string, environment: Environment): Provider {
  const provider = findProvider(name);
  if (!provider) throw unknownProvider();
  if (provider.liveOnly && environment === 'test') throw providerLiveOnly();
  return provider;
}
