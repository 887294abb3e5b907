import type { Environment } from '#persistence';
import { findProvider, nearestProvider, type Provider, PROVIDER_NAMES, providerOf } from '#providers';
import { providerLiveOnly, unknownProvider } from '../accounts.errors.js';

/** The provider that a caller named, if the environment of the caller has it. */
export function knownProvider(name: string, environment: Environment): Provider {
  const provider = findProvider(name);
  if (!provider) throw unknownProvider(providersIn(environment), nearestProvider(name));
  if (provider.liveOnly && environment === 'test') throw providerLiveOnly();
  return provider;
}

/** What a caller of this environment may name. */
const providersIn = (environment: Environment): string[] =>
  PROVIDER_NAMES.filter((name) => environment === 'live' || !providerOf(name).liveOnly);
