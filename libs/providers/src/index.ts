export * from './contract/index.js';
export { type AuthorizeInput, authorizeUrl } from './oauth/authorize-url.js';
export { holdsWholeObject, MAX_ANSWER_BYTES } from './oauth/decode-answer.js';
export { isLoopbackHost } from './oauth/loopback.js';
export { newVerifier } from './oauth/pkce.js';
export { nearestName } from './nearest-name.js';
export {
  readApiRefusal,
  readAppCheckAnswer,
  readIdentityAnswer,
  readProbeAnswer,
  readProfilesAnswer,
  readRevocationAnswer,
  readTokenAnswer,
} from './oauth/read-answer.js';
export { PUSH_FAMILIES, pushesIn, type PushingProvider, pushingProviders, readNotice } from './push/push-families.js';
export {
  findProvider,
  nearestProvider,
  PROFILE_FIELDS,
  PROVIDER_NAMES,
  providerOf,
  providerTitle,
  registerProviders,
} from './registry.js';
