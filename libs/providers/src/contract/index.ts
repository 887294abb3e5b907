export type { AppCredentials } from './app-credentials.js';
export type { AppCheckOutcome, RegisteredApp, RegistrationStep } from './app-setup.js';
export { type Method, type PlatformAnswer, PlatformRequest, reach } from './http.js';
export type {
  Failure,
  FailureClass,
  Identity,
  IdentityOutcome,
  ProbeReading,
  TokenOutcome,
  TokenSet,
} from './outcome.js';
export type { Push, PushAddressee, PushCall, PushNotice } from './push.js';
export {
  type ApiCall,
  type AppCheck,
  type CallbackRefusal,
  defineProvider,
  type PkceMethod,
  type ProbeInput,
  type Profile,
  type ProfilePage,
  type ProfilesOutcome,
  type Provider,
  type ReadAnswer,
  type RefreshMode,
  type RefusedConsent,
  type TokenRefresh,
} from './provider.js';
