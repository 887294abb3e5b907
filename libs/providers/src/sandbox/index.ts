export { authenticateClient, readBasic } from './client-authentication.js';
export {
  type AuthorizationRequest,
  type AuthorizeEndpoint,
  type Challenge,
  defineSandbox,
  type Endpoint,
  type EndpointName,
  type Parameters,
  type SandboxAnswer,
  type SandboxDefinition,
  type SandboxRequest,
  type TokenKnobs,
} from './contract.js';
export { randomText, stableUuid } from './digest.js';
export { type Issued } from './issue-tokens.js';
export { bearerOf, need, readScopes } from './parameters.js';
export { type CallNotes, personaOf, type Platform } from './platform.js';
export { type Persona, personaNamed, personas } from './personas.js';
export { Refusal, type RefusalReason } from './refusal.js';
export { tokenEndpoint } from './token-endpoint.js';
export { endAccessToken, grantOfToken, holderOf, isAccessToken } from './use-tokens.js';
