import type { Duration } from '#config';
import type { Secret } from '#observability';
import type { AppCredentials } from './app-credentials.js';
import type { RegistrationStep } from './app-setup.js';
import type { Method, PlatformAnswer, PlatformRequest } from './http.js';
import type { Failure, Identity, ProbeReading, TokenSet } from './outcome.js';
import type { PublishDefinition } from './publish.js';
import type { Push } from './push.js';

export type RefreshMode = 'rotating_strict' | 'rotating_grace' | 'static' | 'extend_self' | 'none';

/** How a challenge is made of the verifier (RFC 7636); the method it is announced with. */
export interface PkceMethod {
  name: 'S256';
  challenge(verifier: string): string;
}

/** A call of a client below the URL of a provider's API, decoded; of its body nothing is known. */
export interface ApiCall {
  method: Method;
  path: string;
  query: readonly { name: string; value: string }[];
}

export interface AuthorizeProfile {
  url: string;
  /** The platform's name for `client_id`. */
  clientIdParameter: string;
  scopeSeparator: ' ' | ',';
  /** Undefined: the platform takes no PKCE for this redirect URI. */
  pkce(redirectUri: string): PkceMethod | undefined;
  parameters?: Record<string, string>;
  /** `error` and `error_reason` values of a denied consent (RFC 6749 4.1.2.1 has `access_denied`). */
  denials: readonly string[];
  /** What a refusal in the platform's own terms means; undefined leaves it to the standard. */
  refusal?(refusal: CallbackRefusal): RefusedConsent | undefined;
}

/** What a callback without a usable code contains: the standard's `error`, and what Meta sends beside it or in its place. */
export interface CallbackRefusal {
  error?: string;
  /** `error_reason` */
  reason?: string;
  /** `error_code` */
  code?: string;
}

/** Why there is no code, as reported to the client. */
export type RefusedConsent = 'access_denied' | 'app_misconfigured' | 'provider_unavailable' | 'exchange_failed';

export interface CodeExchange {
  app: AppCredentials;
  code: Secret;
  redirectUri: string;
  verifier: Secret | null;
}

export interface TokenRefresh {
  app: AppCredentials;
  accessToken: Secret;
  /** Null where the access token itself is extended. */
  refreshToken: Secret | null;
}

export interface Revocation {
  app: AppCredentials;
  accessToken: Secret;
  refreshToken: Secret | null;
}

export interface ProbeInput {
  app: AppCredentials;
  accessToken: Secret;
  /** Granted scopes. */
  scopes: readonly string[];
  platformAccountId: string;
}

/** One of several things a person may connect with one consent (a Page), with a token of its own. */
export interface Profile {
  platformAccountId: string;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  /** Null where the platform gave none: then it cannot be connected. */
  accessToken: Secret | null;
  /** Why it cannot be connected: a health reason such as `role_lost`; null: it can. */
  ineligible: string | null;
}

/** One page of profiles; `after` names the next one's beginning. */
export interface ProfilePage {
  /** An entry without a readable id has an empty one. */
  profiles: Profile[];
  after: string | null;
  /** There are more profiles, and the answer does not state how to request them. */
  cutOff?: true;
}

/** A page whose ids can all be used. */
export interface CleanProfilePage extends ProfilePage {
  /** Entries that were left out, because their id cannot be used. */
  unusable: number;
}

export type ProfilesOutcome = ({ ok: true } & CleanProfilePage) | { ok: false; failure: Failure };

/**
 * A body that was read as JSON or as a form; `json` is undefined where it was neither. An integer that JavaScript cannot
 * hold exactly stands there as the text of its digits.
 */
export interface ReadAnswer {
  status: number;
  headers: Record<string, string>;
  json: unknown;
}

/** A request by which the platform shows whether the id and the secret of an app are right, and which changes nothing there. */
export interface AppCheck {
  request(app: AppCredentials): PlatformRequest;
  /**
   * Whether an answer that does not refuse the app shows that the platform accepts its id and secret. False where the
   * platform may have looked at something else first: the answer then shows nothing.
   */
  accepts(answer: ReadAnswer): boolean;
  /** Whether a refusal of the app concerns the kind of this request, and shows nothing about its id and secret. */
  refusesRequest?(answer: ReadAnswer): boolean;
}

/** A platform: data, and the few functions in which it differs. All URLs are the platform's own. */
export interface Provider {
  name: string;
  title: string;
  /** Other words that people use for it: an error message that gets one of them suggests `name`. */
  alsoCalled?: readonly string[];
  /** The pages the facts come from, and the day they were read. */
  sources: { checkedAt: string; urls: readonly string[] };
  /**
   * A member of the credentials that a client may supply: the profile once more, as the platform's publishing API names it,
   * which is `prefix` and the account id.
   */
  profileField?: { name: string; prefix: string };
  /** What surprises at this platform, one sentence each, for the documentation. */
  quirks?: readonly string[];
  /** Its documents have ids of digits alone: anything else names no account. */
  ids?: 'digits';
  /** No sandbox imitates it: it is there in the environment `live` only. */
  liveOnly?: true;
  authorize: AuthorizeProfile;
  scopes: {
    /** Requested unless the app has a list of its own: identify, publish and refresh. */
    default: readonly string[];
    /** Without one of these an account is `missing_permissions`. */
    required: readonly string[];
  };
  token: {
    exchange(input: CodeExchange): PlatformRequest;
    /** The token set in a body, or undefined when it holds none. Status is not looked at: some refuse with 200. */
    read(json: unknown): TokenSet | undefined;
    /** The second half of an exchange: trades its token for a long-lived one. Harmless to repeat. */
    prolong?(input: { app: AppCredentials; accessToken: Secret }): PlatformRequest;
    /** Seconds an access token is valid where the answer does not state it; null: it has no end. */
    defaultLife: number | null;
  };
  refresh: {
    mode: RefreshMode;
    /** With `rotating_grace`: seconds during which a refresh token that was rotated may be sent again. */
    grace?: number;
    /** The refresh token's end is counted from the consent and no refresh moves it: after it only the person can help. */
    endsForGood?: boolean;
    request(input: TokenRefresh): PlatformRequest;
    /** The request has no client secret: it shows nothing about a new one. */
    withoutSecret?: true;
  };
  /** Undefined where the platform has no such call. */
  revoke?(input: Revocation): PlatformRequest;
  /** That call takes access tokens only: where it refuses one that may have ended, the tokens are refreshed first. */
  revokesAccessTokens?: true;
  /** No document has that call: its refusals of the app prove nothing about the app. */
  revokeIsUndocumented?: true;
  identity: {
    /** Requests no more than the granted scopes allow. */
    request(accessToken: Secret, scopes: readonly string[]): PlatformRequest;
    read(json: unknown): Identity | undefined;
  };
  /** Where one consent opens several accounts: the list of them, page by page. Undefined: the person is the account. */
  profiles?: {
    /** How many one request returns, and how many where the platform refused the number before as too much. */
    sizes: readonly [number, ...number[]];
    /** `after`: what the page before named as the next one's beginning; null for the first. */
    request(accessToken: Secret, after: string | null, size: number): PlatformRequest;
    read(json: unknown): ProfilePage | undefined;
    /** Identifies the owner of a token, by fields that a person and a profile both have. */
    owner?: Provider['identity'];
    /** Whether the platform refused the request for its size. */
    isTooMuch?(answer: PlatformAnswer): boolean;
  };
  /** Where clients make calls of their own through this service. Undefined: they cannot. */
  api?: {
    /** Everything below this URL, which ends with a slash, takes the token as `Authorization: Bearer`. */
    url: string;
    /** Names, beside `access_token` (RFC 6750 2.3), under which the platform takes a token in a query. */
    tokenParameters?: readonly string[];
    /** Whether a call would spend, revoke or hand out tokens past this service. */
    isDenied?: (call: ApiCall) => boolean;
  };
  /** The cheapest call that shows the true state of an account. */
  probe: {
    /** Milliseconds from one probe to the next. */
    every: Duration;
    /** The platform bills it by the UTC day: a request that was answered is not repeated before the next day begins. */
    oncePerUtcDay?: true;
    request(input: ProbeInput): PlatformRequest;
    /** What an answer states beyond its refusal codes; undefined leaves it to `classify.api`. */
    read(json: unknown): ProbeReading | undefined;
  };
  /** Undefined where the platform has no such request. */
  appCheck?: AppCheck;
  /** Undefined: the redirect URI is all that is known. */
  registration?: readonly RegistrationStep[];
  /** Undefined where the platform sends no pushes. */
  push?: Push;
  /** Undefined where nothing can be posted. */
  publish?: PublishDefinition;
  /** What a refusal means at this platform; undefined leaves it to the standard (RFC 6749 5.2) and the status. */
  classify: {
    token(answer: ReadAnswer): Failure | undefined;
    api(answer: ReadAnswer): Failure | undefined;
    /** Where a probe is sent with the app's own credentials, its refusals prove nothing about the account. Undefined: as `api`. */
    probe?(answer: ReadAnswer): Failure | undefined;
  };
}

/** Types a provider's literal where it is written. */
export const defineProvider = (provider: Provider): Provider => provider;
