import type { Failure } from './outcome.js';

/**
 * The result of an AppCheck. `unknown`: the answer shows neither or, with `retry`, there was none or the platform failed, so
 * that a later check may show it.
 */
export type AppCheckOutcome =
  | { status: 'accepted' }
  | { status: 'refused'; failure: Failure }
  | { status: 'unknown'; code: string; retry?: true | undefined };

/** An app of ours, as far as its owner has to enter it at the platform. */
export interface RegisteredApp {
  redirectUri: string;
  scopes: readonly string[];
  /** The URL at which the platform calls us about this app, or about all apps of the platform. */
  callbackUrl: (path: string) => string;
  /** The id of the app in URLs. */
  publicId: string;
}

/** Something that the owner of an app enters, chooses or requests in the portal of the platform. */
export interface RegistrationStep {
  what: 'redirect_uri' | 'callback_url' | 'app_type' | 'permissions' | 'product' | 'review' | 'billing';
  value: string | ((app: RegisteredApp) => string);
  /** The place in the portal. */
  where: string;
}
