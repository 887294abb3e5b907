import { facebookSandbox } from './facebook/facebook.sandbox.js';
import { instagramSandbox } from './instagram/instagram.sandbox.js';
import { linkedinSandbox } from './linkedin/linkedin.sandbox.js';
import { tiktokSandbox } from './tiktok/tiktok.sandbox.js';
import { xSandbox } from './x/x.sandbox.js';
import { pinterestSandbox } from './pinterest/pinterest.sandbox.js';
import type { SandboxDefinition } from './sandbox/index.js';

/** Every imitated platform, one line each. This door is opened by the sandbox alone. */
export const sandboxes: readonly SandboxDefinition[] = [
  xSandbox,
  tiktokSandbox,
  facebookSandbox,
  instagramSandbox,
  linkedinSandbox,
  pinterestSandbox,
];

export { digestOf } from './sandbox/digest.js';
export { type Decision, decide, readAuthorization } from './sandbox/authorize.js';
export { Collection, type Journal } from './sandbox/journal.js';
export { type AppRecord } from './sandbox/records.js';
export { SandboxState } from './sandbox/state.js';
export {
  type AuthorizationRequest,
  type CallNotes,
  type Endpoint,
  type EndpointName,
  type OfferedPage,
  type Parameters,
  type Persona,
  personaNamed,
  personas,
  type Platform,
  PUBLISH_STEPS,
  type PublishEndpoint,
  type PublishRequest,
  type PublishStep,
  type PushMessage,
  type PushOccasion,
  type PushReceiver,
  receiverOf,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxDefinition,
  type SandboxRequest,
  type SentBytes,
  type TokenKnobs,
} from './sandbox/index.js';
