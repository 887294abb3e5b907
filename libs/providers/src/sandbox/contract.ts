import type { Duration } from '#config';
import { type Persona, personas, type PersonaTraits } from './personas.js';
import type { SandboxPush } from './push.js';
import type { Challenge, TokenKnobs } from './records.js';
import type { Refusal, RefusalReason } from './refusal.js';
import type { SandboxState } from './state.js';

/**
 * `probe`: a call that reports on a token and is no identity call. `profiles`: the list of what a consent opened. `push`: the
 * platform's own call to the app.
 */
export type EndpointName = 'authorize' | 'token' | 'revoke' | 'identity' | 'profiles' | 'probe' | 'push' | PublishStep;

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
  readonly endpoint: Exclude<EndpointName, 'authorize' | 'push' | PublishStep>;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Takes multipart/form-data too. */
  readonly multipart?: true;
  /** Answers at once and in memory; what it changed is on disk before the answer leaves. Refuses by throwing a Refusal. */
  handle(request: SandboxRequest, platform: Platform): SandboxAnswer;
  /** Every refusal in the platform's own words. */
  refuse(refusal: Refusal): SandboxAnswer;
}

/**
 * The part of a call in the publishing of a post. `prepare`: nothing public can result. `commit`: makes the post public.
 * `status`: what became of one upload or post. `listing`: the posts of an account.
 */
export const PUBLISH_STEPS = ['prepare', 'commit', 'status', 'listing'] as const;
export type PublishStep = (typeof PUBLISH_STEPS)[number];

/** A file of a multipart form, or the bytes of a request. */
export interface SentBytes {
  readonly size: number;
  /** The beginning of their SHA-256, for the ledger. */
  readonly digest: string;
}

export interface PublishRequest extends SandboxRequest {
  /** The parts of the path that the URL of the endpoint names, decoded. */
  readonly path: Parameters;
  /** Names in lower case. */
  readonly headers: Parameters;
  /** The fields of a form or of a JSON object, whatever the platform takes. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The file in a form by its field, or the bytes of a body that is neither form nor JSON under `body`. */
  readonly files: Readonly<Record<string, SentBytes>>;
}

/** A call in the publishing of a post. */
export interface PublishEndpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** The real URL; `:name` in its path stands for any text. */
  readonly url: string;
  readonly step: PublishStep;
  /** The step of this request, where one URL serves several; `step` is the last of them. */
  stepOf?(request: PublishRequest): PublishStep;
  /** Refuses by throwing a Refusal. */
  handle(request: PublishRequest, platform: Platform): SandboxAnswer;
}

export interface SandboxPublishing {
  readonly endpoints: readonly PublishEndpoint[];
  /** Every refusal in the platform's own words. */
  refuse(refusal: Refusal): SandboxAnswer;
  /** Reasons for which this platform alone refuses posts; personas that meet another one cannot happen here. */
  readonly ownRefusals: readonly RefusalReason[];
  /** Posts that an account may publish in a rolling window. */
  readonly quota?: { readonly posts: number; readonly window: Duration };
  /** Refuses a text that the account posted this recently. */
  readonly refusesRepeatsFor?: Duration;
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
  /** Left out where nothing can be posted. */
  readonly publishing?: SandboxPublishing;
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

const excluded = ({ pages, billsCalls, publishing }: SandboxDefinition): Record<string, string> => ({
  ...Object.fromEntries(personas.filter((persona) => !canPost(persona, publishing)).map(({ key }) => [key, NO_POST])),
  ...(pages ? {} : whoHave('pages', 'there are no Pages here')),
  ...(billsCalls ? {} : whoHave('creditsEndAfter', 'calls are free here')),
});

const NO_POST = 'posts are not refused for this reason here';
/** Reasons that only some platforms have; quotas are everywhere. */
const canPost = ({ traits: { posting } }: Persona, publishing: SandboxPublishing | undefined): boolean => {
  const reason = posting?.commitRefused ?? (posting?.contradicts && CONTRADICTIONS[posting.contradicts]);
  return posting === undefined || (publishing !== undefined && (!reason || publishing.ownRefusals.includes(reason)));
};
const CONTRADICTIONS = { restricted_live: 'restricted_activity', ghost: 'ghost_post' } as const;

const whoHave = (trait: keyof PersonaTraits, reason: string): Record<string, string> =>
  Object.fromEntries(personas.filter(({ traits }) => traits[trait] !== undefined).map(({ key }) => [key, reason]));
