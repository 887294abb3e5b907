export { type PlatformAnswer, PlatformRequest, reach } from './http.js';
export type { Failure, FailureClass, Identity, IdentityOutcome, TokenOutcome, TokenSet } from './outcome.js';
export { type AppCredentials, defineProvider, type PkceMethod, type Provider, type ReadAnswer, type RefreshMode } from './provider.js';
