import type { Duration } from '#config';
import { type Persona, personas, type PersonaTraits } from './personas.js';
import type { SandboxPush } from './push.js';
import type { Challenge, TokenKnobs } from './records.js';
import type { Refusal } from './refusal.js';
import type { SandboxState } from './state.js';

/**
 * `probe`: a call that reports on a token and is no identity call. `profiles`: the list of what a consent opened. `push`: the
 * platform's own call to the app.
 */
export type EndpointName = 'authorize' | 'token' | 'revoke' | 'identity' | 'profiles' | 'probe' | 'push';

/** Query or form as sent. A parameter sent twice is left out, so it counts as missing (RFC 6749, 3.1 forbids it). */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** One HTTP request as an imitation sees it; which server received it is not its business. */
export interface SandboxRequest {
  readonly query: Parameters;
  readonly form: Parameters;
  /** The Authorization header, untouched. */
  readonly authorization?: string;
}

export interface SandboxAnswer {
  readonly status: number;
  /** A string is JSON already, for numbers that JavaScript cannot write. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the app requests of the person, once the platform found nothing wrong with it. */
export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  readonly challenge?: Challenge;
}

/** The door a person comes through. The consent page and its decision are the sandbox's, these are the platform's. */
export interface AuthorizeEndpoint {
  /** The real URL; the sandbox serves it under its own origin as `/<host><path>`. */
  readonly url: string;
  /** Refuses by throwing a Refusal, which is shown as a page: no browser is redirected to an unchecked address. */
  read(query: Parameters): AuthorizationRequest;
  /** What the redirect URI carries besides `state`. */
  approved(code: string, scopes: readonly string[]): Parameters;
  denied(): Parameters;
  /** What some hang behind the address of an approval, to no purpose. */
  readonly fragment?: string;
  newCode(): string;
}

/** A call made by software, with a token or for one. */
export interface Endpoint {
  readonly endpoint: Exclude<EndpointName, 'authorize' | 'push'>;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Takes multipart/form-data too. */
  readonly multipart?: true;
  /** Answers at once and in memory; what it changed is on disk before the answer leaves. Refuses by throwing a Refusal. */
  handle(request: SandboxRequest, platform: Platform): SandboxAnswer;
  /** Every refusal in the platform's own words. */
  refuse(refusal: Refusal): SandboxAnswer;
}

/** How a platform treats tokens. Those of TokenKnobs can be changed for one app. */
export interface TokenRules extends TokenKnobs {
  readonly codeLife: Duration;
  readonly newAccessToken: () => string;
  readonly newRefreshToken: () => string;
  /** A refresh also ends the access token before it. */
  readonly refreshEndsOldAccess: boolean;
  /** A new consent of the same person for the same app ends the one before. */
  readonly oneGrantPerPerson: boolean;
  /** A refresh token's end is counted from the consent: no refresh moves it, and no access token outlives it. */
  readonly refreshEndsForGood?: true;
  /** No refresh token without this scope. */
  readonly refreshScope?: string;
}

export interface OfferedPage {
  readonly id: string;
  readonly name: string;
}

/** One platform, imitated: data where the standard holds, a named function where the platform differs. */
export interface SandboxDefinition {
  readonly name: string;
  readonly title: string;
  /** Every scope of the platform, in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Personas that can not happen here, each with the reason. */
  readonly impossiblePersonas: Readonly<Record<string, string>>;
  /** Ways of answering on which sources disagree, each with a sentence; an app may be set to meet one. */
  readonly quirks?: Readonly<Record<string, string>>;
  /** The Pages of a person, where the platform has Pages; on the consent page some of them can be left out. */
  readonly pages?: (persona: Persona) => readonly OfferedPage[];
  /** The platform sells the calls of its API, and refuses them when the app's credits are spent. */
  readonly billsCalls?: true;
  readonly tokens: TokenRules;
  readonly authorize: AuthorizeEndpoint;
  readonly endpoints: readonly Endpoint[];
  /** Left out where the platform sends no pushes. */
  readonly push?: SandboxPush;
}

/** The outcome of one call: the source of the call log, and how the server sends the finished answer. */
export interface CallNotes {
  clientId?: string;
  persona?: string;
  grantType?: string;
  /** Digest of the refresh token that was sent, and of the one that was issued. */
  presented?: string;
  issued?: string;
  answerAfter?: Duration;
  cutConnection?: boolean;
}

/** One platform during one call: its rules, the shared memory, and the notes of this call. */
export interface Platform {
  readonly definition: SandboxDefinition;
  readonly state: SandboxState;
  readonly notes: CallNotes;
  avatarUrl(persona: Persona): string;
}

/** Keeps the literal's types; a definition is loaded once and never changed. Personas with Pages or credits need a platform that has them. */
export const defineSandbox = (definition: SandboxDefinition): SandboxDefinition =>
  Object.freeze({ ...definition, impossiblePersonas: { ...excluded(definition), ...definition.impossiblePersonas } });

const excluded = ({ pages, billsCalls }: SandboxDefinition): Record<string, string> => ({
  ...(pages ? {} : whoHave('pages', 'there are no Pages here')),
  ...(billsCalls ? {} : whoHave('creditsEndAfter', 'calls are free here')),
});

const whoHave = (trait: keyof PersonaTraits, reason: string): Record<string, string> =>
  Object.fromEntries(personas.filter(({ traits }) => traits[trait] !== undefined).map(({ key }) => [key, reason]));
