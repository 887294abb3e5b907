import { CodedError } from '#observability';
import type { Provider } from './contract/provider.js';
import { buildProvider } from './custom/build-provider.js';
import { readDefinitions } from './custom/read-definitions.js';
import { facebook } from './facebook/facebook.provider.js';
import { instagram } from './instagram/instagram.provider.js';
import { linkedin } from './linkedin/linkedin.provider.js';
import { tiktok } from './tiktok/tiktok.provider.js';
import { x } from './x/x.provider.js';
import { nearestName } from './nearest-name.js';
import { pinterest } from './pinterest/pinterest.provider.js';

/** Every platform, one line each. */
const providers = [x, tiktok, linkedin, instagram, facebook, pinterest] as const;

const byName = new Map<string, Provider>(providers.map((provider) => [provider.name, provider]));

/** The names a caller may use. Grows once, at the start of a process, if the operator defines custom providers. */
export const PROVIDER_NAMES = providers.map(({ name }) => name) as [string, ...string[]];

/** The provider of that name, or undefined. */
export const findProvider = (name: string): Provider | undefined => byName.get(name);

/** The provider that a name which is none was probably meant for. */
export const nearestProvider = (name: string): string | undefined => nearestName(name, byName.values());

/** Every member of supplied credentials in which a platform names the profile once more. */
export const PROFILE_FIELDS: readonly string[] = providers.flatMap(
  (provider: Provider) => provider.profileField?.name ?? [],
);

/** What people call the platform; a name that is no provider's stays as it is. */
export const providerTitle = (name: string): string => byName.get(name)?.title ?? name;

/** The provider of a stored row; throws `provider.gone` when this build, or its operator's file, no longer has it. */
export function providerOf(name: string): Provider {
  const provider = byName.get(name);
  if (!provider) throw new CodedError('provider.gone', `no provider is called "${name}"`);
  return provider;
}

/** Adds the operator's own providers, all or none; throws a ConfigError that names entry and field. Undefined: there are none. */
export function registerProviders(given: unknown): void {
  const definitions = given === undefined ? [] : readDefinitions(given, PROVIDER_NAMES);
  for (const provider of definitions.map(buildProvider)) {
    byName.set(provider.name, provider);
    PROVIDER_NAMES.push(provider.name);
  }
}
