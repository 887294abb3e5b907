export {
  extendInPlace,
  type IssuedAccess,
  issueLongToken,
  issueShortToken,
  meetExtension,
  noRefreshTokens,
  noteExtended,
} from './access-tokens.js';
export { authenticateClient, readBasic } from './client-authentication.js';
export {
  type AuthorizationRequest,
  type AuthorizeEndpoint,
  type CallNotes,
  defineSandbox,
  type Endpoint,
  type EndpointName,
  type OfferedPage,
  type Parameters,
  type Platform,
  type SandboxAnswer,
  type SandboxDefinition,
  type SandboxRequest,
  PUBLISH_STEPS,
  type PublishEndpoint,
  type PublishRequest,
  type PublishStep,
  type SandboxPublishing,
  type SentBytes,
} from './contract.js';
export { digestOf, randomText, sameDigest, stableNumber, stableUuid } from './digest.js';
export { redeemCode } from './exchange-code.js';
export { type Issued } from './issue-tokens.js';
export { heldPageToken, issuePageToken } from './page-tokens.js';
export { bearerOf, need, readScopes } from './parameters.js';
export { hasQuirk, personaOf } from './platform.js';
export { type PageTraits, type Persona, personaNamed, personas } from './personas.js';
export {
  type Challenge,
  type GrantRecord,
  type HeldPageToken,
  type HeldToken,
  NO_END,
  type TokenKnobs,
} from './records.js';
export { type PushMessage, type PushOccasion, type PushReceiver, receiverOf, type SandboxPush } from './push.js';
export { type EffectRecord, type PreparedRecord } from './post-book.js';
export {
  countCall,
  listed,
  look,
  postingOf,
  postOf,
  prepare,
  preparedOf,
  process,
  publish,
  readyOf,
  receive,
  receivedBytes,
  shownMedia,
} from './publish-post.js';
export { grantFor, objectOf, textOf } from './publish-request.js';
export { demand, Refusal, type RefusalReason } from './refusal.js';
export { tokenEndpoint } from './token-endpoint.js';
export { endAccessToken, endAccessTokens, grantOfToken, heldAccess, holderOf, isAccessToken } from './use-tokens.js';
