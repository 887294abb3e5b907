import type { Environment } from '#persistence';
import { findProvider, nearestProvider, type Provider, PROVIDER_NAMES, providerOf } from '#providers';
import { providerLiveOnly, unknownProvider } from '../accounts.errors.js';

/** The provider of a name, if the caller's environment has it. */
export function knownProvider(name: string, environment: Environment): Provider {
  const provider = findProvider(name);
  if (!provider) throw unknownProvider(providersIn(environment), nearestProvider(name));
  if (provider.liveOnly && environment === 'test') throw providerLiveOnly();
  return provider;
}

/** The providers of an environment. */
const providersIn = (environment: Environment): string[] =>
  PROVIDER_NAMES.filter((name) => environment === 'live' || !providerOf(name).liveOnly);
