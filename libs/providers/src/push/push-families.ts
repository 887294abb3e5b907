import type { Provider } from '../contract/provider.js';
import type { Push, PushCall, PushNotice } from '../contract/push.js';
import { cleanNotice } from '../oauth/platform-values.js';
import { PROVIDER_NAMES, providerOf } from '../registry.js';

/** A platform that calls us. */
export interface PushingProvider extends Provider {
  push: Push;
}

/** Whether a platform calls at the URL of this family. */
export const pushesIn = (provider: Provider | undefined, family: string): provider is PushingProvider =>
  provider?.push?.family === family;

/** The platforms that call at the URL of this family. */
export const pushingProviders = (family: string): PushingProvider[] =>
  PROVIDER_NAMES.map(providerOf).filter((provider) => pushesIn(provider, family));

/** The words that may follow `/v1/callbacks/`. */
export const PUSH_FAMILIES: readonly string[] = [
  ...new Set(PROVIDER_NAMES.flatMap((name) => providerOf(name).push?.family ?? [])),
];

/** The content of a genuine call, its id and time checked; undefined if it does not concern a grant. */
export function readNotice({ push }: PushingProvider, call: PushCall): PushNotice | undefined {
  const notice = push.read(call);
  return notice && cleanNotice(notice);
}
