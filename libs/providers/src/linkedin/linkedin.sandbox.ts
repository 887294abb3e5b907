import { days, minutes, seconds } from '#config';
import {
  authenticateClient,
  bearerOf,
  defineSandbox,
  endAccessTokens,
  type Endpoint,
  grantOfToken,
  heldAccess,
  holderOf,
  type Issued,
  need,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  randomText,
  readScopes,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxRequest,
  tokenEndpoint,
} from '../sandbox/index.js';
import { subjectOf } from './linkedin-media.sandbox.js';
import { linkedinSandboxPublishing } from './linkedin-publish.sandbox.js';
import { refuseApi, refuseIntrospection, refuseOauth } from './linkedin-refusals.sandbox.js';

/** LinkedIn's scopes: learn.microsoft.com, linkedin/shared/authentication/getting-access, read in November 2026. */
const scopes = {
  openid: 'Read your identity at LinkedIn',
  profile: 'Use your name and photo',
  email: 'Use the primary email address associated with your LinkedIn account',
  w_member_social: 'Create, modify, and delete posts, comments, and reactions on your behalf',
  r_basicprofile: 'Use your basic profile including your name, photo, headline, and public profile URL',
  r_organization_social: "Retrieve your organizations' posts, including any comments, likes and other engagement data",
  w_organization_social: "Create, modify, and delete posts, comments, and reactions on your organization's behalf",
  r_organization_admin: "Retrieve your organizations' pages and reporting data",
  rw_organization_admin: "Manage your organizations' pages and retrieve reporting data",
};

/** Absolute, and without a fragment. */
function readRedirectUri(query: Parameters): string {
  const uri = need(query, 'redirect_uri');
  if (!URL.canParse(uri) || uri.includes('#')) throw new Refusal('invalid_parameter', 'redirect_uri');
  return uri;
}

/** The secret stands in the form; HTTP Basic is not looked at. */
const bodyClient = ({ form }: SandboxRequest, platform: Platform): string =>
  authenticateClient(platform, need(form, 'client_id'), need(form, 'client_secret'));

/** A verifier is taken for a client of another kind. */
function tokenClient(request: SandboxRequest, platform: Platform): string {
  if (request.form.code_verifier !== undefined) throw new Refusal('wrong_verifier');
  return bodyClient(request, platform);
}

/** Seen with commas and in this order, although the documentation differs. */
const listOf = (granted: readonly string[]): string => [...granted].sort().join(',');

function tokenAnswer(issued: Issued, platform: Platform): object {
  endOtherScopes(issued, platform);
  return {
    access_token: issued.accessToken,
    expires_in: issued.expiresIn,
    ...(issued.refreshToken && {
      refresh_token: issued.refreshToken,
      refresh_token_expires_in: issued.refreshExpiresIn,
    }),
    scope: listOf(issued.scopes),
    token_type: 'Bearer',
  };
}

/** A token for another set of scopes ends all access tokens that the same person's other consents gave the app. */
function endOtherScopes({ clientId, persona, scopes: granted }: Issued, platform: Platform): void {
  const { definition, state } = platform;
  for (const grant of state.grants.ofPerson(definition.name, clientId, persona.key)) {
    if (listOf(grant.scopes) !== listOf(granted)) endAccessTokens(platform, grant);
  }
}

/** Undocumented: either token ends the grant, and an unknown one is no error (RFC 7009, 2.2). */
function revoke(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = grantOfToken(platform, bodyClient(request, platform), need(request.form, 'token'));
  if (grant) platform.state.endGrant(grant);
  return { status: 200, body: {} };
}

const refusedStatus: Partial<Record<RefusalReason, string>> = {
  expired_token: 'expired',
  revoked_token: 'revoked',
  revoked_grant: 'revoked',
  suspended_user: 'revoked',
};

/** A token that is not known at all is a refusal. */
function statusOf(platform: Platform, token: string): string {
  try {
    holderOf(platform, token);
    return 'active';
  } catch (error) {
    const status = error instanceof Refusal ? refusedStatus[error.reason] : undefined;
    if (status === undefined) throw error;
    return status;
  }
}

const inSeconds = (moment: number): number => Math.floor(moment / seconds(1));

/** A revoked token is reported in the body, under 200; so is one of another app, without any detail. */
function introspect(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const clientId = bodyClient(request, platform);
  const token = need(request.form, 'token');
  const status = statusOf(platform, token);
  const grant = grantOfToken(platform, clientId, token);
  if (!grant) return { status: 200, body: { active: false } };
  const expiresAt = heldAccess(grant, token)?.expiresAt;
  const body = {
    active: status === 'active',
    client_id: clientId,
    authorized_at: inSeconds(grant.grantedAt),
    status,
    ...(expiresAt && { expires_at: inSeconds(expiresAt) }),
    scope: listOf(grant.scopes),
    auth_type: '3L',
  };
  return { status: 200, body };
}

function userInfo({ authorization }: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = holderOf(platform, bearerOf(authorization));
  if (!grant.scopes.includes('openid')) throw new Refusal('missing_scope', 'userinfo.GET.NO_VERSION');
  const persona = personaOf(grant);
  const body = {
    sub: subjectOf(grant.clientId, persona),
    ...(grant.scopes.includes('profile') && profileOf(persona, platform)),
    ...(grant.scopes.includes('email') && { email: `${persona.key}@sandbox.example`, email_verified: true }),
  };
  return { status: 200, body };
}

function profileOf(persona: Persona, platform: Platform): object {
  const [first = '', ...rest] = persona.displayName.split(' ');
  const names = { name: persona.displayName, given_name: first, family_name: rest.join(' ') };
  return { ...names, picture: platform.avatarUrl(persona), locale: { country: 'US', language: 'en' } };
}

const oauth = (path: string): string => `https://www.linkedin.com/oauth/v2${path}`;
const token = tokenEndpoint({ client: tokenClient, answer: tokenAnswer });
const endpoints: readonly Endpoint[] = [
  { endpoint: 'token', method: 'POST', url: oauth('/accessToken'), handle: token, refuse: refuseOauth },
  { endpoint: 'revoke', method: 'POST', url: oauth('/revoke'), handle: revoke, refuse: refuseOauth },
  {
    endpoint: 'probe',
    method: 'POST',
    url: oauth('/introspectToken'),
    handle: introspect,
    refuse: refuseIntrospection,
  },
  {
    endpoint: 'identity',
    method: 'GET',
    url: 'https://api.linkedin.com/v2/userinfo',
    handle: userInfo,
    refuse: refuseApi,
  },
];

/** LinkedIn as its documentation of November 2026 and public bug reports describe it, for an app of an approved partner. */
export const linkedinSandbox = defineSandbox({
  name: 'linkedin',
  title: 'LinkedIn',
  scopes,
  impossiblePersonas: {
    'partial-consent': 'LinkedIn requests all permissions or none',
    'password-changed': 'no source states what LinkedIn does with tokens then',
    checkpoint: 'no source states what LinkedIn answers then',
  },
  tokens: {
    codeLife: minutes(30),
    accessLife: minutes(2),
    refreshLife: days(365),
    rotation: false,
    refreshEndsForGood: true,
    grace: 0,
    familyRevocation: false,
    refreshEndsOldAccess: false,
    oneGrantPerPerson: false,
    // About as long as the real ones, so that a column too short for them is found out.
    newAccessToken: () => `AQ${randomText(372)}`,
    newRefreshToken: () => `AQ${randomText(372)}`,
  },
  authorize: {
    url: oauth('/authorization'),
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: readRedirectUri(query),
        scopes: readScopes(need(query, 'scope'), ' ', scopes),
        ...(query.state && { state: query.state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({ error: 'user_cancelled_authorize', error_description: 'The user cancelled the authorization' }),
    newCode: () => `AQ${randomText(150)}`,
  },
  endpoints,
  publishing: linkedinSandboxPublishing,
});
