import { days, hours, seconds } from '#config';
import {
  authenticateClient,
  hasQuirk,
  heldAccess,
  holderOf,
  type IssuedAccess,
  issueLongToken,
  issueShortToken,
  meetExtension,
  need,
  NO_END,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  redeemCode,
  Refusal,
  type SandboxAnswer,
  type SandboxRequest,
  stableNumber,
} from '../sandbox/index.js';
import { refuse } from './facebook-refusals.sandbox.js';
import { type Speaker, speakerOf } from './facebook-speakers.sandbox.js';

export const NO_EXPIRES_IN = 'no-expires-in';
const SHORT_LIFE = hours(1);
const DATA_ACCESS = days(90);

/** The id of a person at one app. */
export const appScopedId = (clientId: string, { number }: Persona): string =>
  stableNumber(17, 'person', clientId, number);

/** GET or POST, the parameters in the query or in a form; a code, or a valid token in exchange for a long-lived one. */
export function giveToken({ query, form }: SandboxRequest, platform: Platform): SandboxAnswer {
  const sent = { ...query, ...form };
  platform.notes.grantType = sent.grant_type ?? 'authorization_code';
  const clientId = authenticateClient(platform, need(sent, 'client_id'), need(sent, 'client_secret'));
  if (platform.notes.grantType === 'client_credentials') return appAccessToken(clientId);
  return answer(issue(clientId, sent, platform), platform);
}

/** Has no end; no call of this sandbox takes it. */
const appAccessToken = (clientId: string): SandboxAnswer => ({
  status: 200,
  body: { access_token: `${clientId}|${stableNumber(27, 'app token', clientId)}`, token_type: 'bearer' },
  headers: { 'cache-control': 'private, no-cache, no-store, must-revalidate' },
});

function issue(clientId: string, sent: Parameters, platform: Platform): IssuedAccess {
  const { grantType } = platform.notes;
  if (grantType === 'fb_exchange_token') return exchangeToken(clientId, need(sent, 'fb_exchange_token'), platform);
  if (grantType !== 'authorization_code') throw new Refusal('unsupported_grant_type');
  const [redirectUri, code] = [need(sent, 'redirect_uri'), need(sent, 'code')];
  return issueShortToken(platform, redeemCode(platform, { clientId, code, redirectUri }), SHORT_LIFE);
}

/** The first time a part of connecting, later an extension. */
function exchangeToken(clientId: string, token: string, platform: Platform): IssuedAccess {
  const grant = holderOf(platform, token);
  if (grant.clientId !== clientId) throw new Refusal('unknown_token');
  if (!heldAccess(grant, token)?.shortLived) meetExtension(platform, grant, token);
  return issueLongToken(platform, grant);
}

const answer = ({ accessToken, expiresIn }: IssuedAccess, platform: Platform): SandboxAnswer => ({
  status: 200,
  body: {
    access_token: accessToken,
    token_type: 'bearer',
    ...(!hasQuirk(platform, NO_EXPIRES_IN) && { expires_in: expiresIn }),
  },
  headers: { 'cache-control': 'private, no-cache, no-store, must-revalidate' },
});

/** `GET /debug_token`, sent with the app's own token: its id, a bar and its secret. */
export function inspect({ query }: SandboxRequest, platform: Platform): SandboxAnswer {
  const [, clientId, secret] = /^([^|]+)\|(.+)$/.exec(query.access_token ?? '') ?? [];
  if (!clientId || !secret) throw new Refusal('missing_client_authentication');
  authenticateClient(platform, clientId, secret);
  return { status: 200, body: { data: findings(clientId, need(query, 'input_token'), platform) } };
}

/** A revoked token is not an error of this call. */
function findings(clientId: string, token: string, platform: Platform): object {
  try {
    const speaker = speakerOf(platform, token);
    if (speaker.grant.clientId !== clientId) throw new Refusal('wrong_kind_of_token');
    return {
      app_id: clientId,
      type: speaker.page ? 'PAGE' : 'USER',
      application: 'An app',
      ...lifetimes(speaker),
      ...rights(speaker),
    };
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'wrong_kind_of_token') throw error;
    return { app_id: clientId, error: inside(error), is_valid: false, scopes: [] };
  }
}

/** The same error, under the key that this call has for its subcode. */
function inside(refusal: Refusal): object {
  const { error } = refuse(refusal).body as { error: { code: number; message: string; error_subcode?: number } };
  const { code, message, error_subcode: subcode } = error;
  return { code, message, ...(subcode && { subcode }) };
}

const inSeconds = (time: number): number => Math.floor(time / seconds(1));

const lifetimes = ({ grant, held }: Speaker): object => ({
  data_access_expires_at: inSeconds(grant.grantedAt + DATA_ACCESS),
  expires_at: held.expiresAt === NO_END ? 0 : inSeconds(held.expiresAt),
  is_valid: true,
  issued_at: inSeconds(held.issuedAt ?? grant.grantedAt),
});

/** Scopes that are given for Pages name those that were ticked; without targets they are given for all. */
function rights({ grant, page }: Speaker): object {
  const ofPages = grant.scopes.filter((scope) => scope.startsWith('pages_'));
  return {
    scopes: [...grant.scopes, 'public_profile'],
    granular_scopes: ofPages.map((scope) => ({ scope, ...(grant.opened && { target_ids: grant.opened }) })),
    user_id: appScopedId(grant.clientId, personaOf(grant)),
    ...(page && { profile_id: page.id }),
  };
}
