import type { AuthorizationRequest, Parameters, Platform } from './contract.js';
import { newCode } from './exchange-code.js';

import type { Persona } from './personas.js';
import { Refusal } from './refusal.js';

export type Decision = 'approve' | 'deny';

/** Reads the app's request and registers its redirect URI if it is the app's first; refuses any other one. */
export function readAuthorization(platform: Platform, query: Parameters): AuthorizationRequest {
  const { definition, state, notes } = platform;
  const request = definition.authorize.read(query);
  notes.clientId = request.clientId;
  const app = state.appOrNew(definition.name, request.clientId);
  if (app.redirectUris.length === 0) state.apps.save({ ...app, redirectUris: [request.redirectUri] });
  else if (!app.redirectUris.includes(request.redirectUri)) throw new Refusal('wrong_redirect', request.redirectUri);
  return request;
}

/** Where the browser goes after the person decided: the app's redirect URI with the platform's parameters and `state`. `opened`: the Pages that were ticked. */
export function decide(
  platform: Platform,
  request: AuthorizationRequest,
  persona: Persona,
  decision: Decision,
  opened?: readonly string[],
): URL {
  const { authorize } = platform.definition;
  platform.notes.persona = persona.key;
  const yes = decision === 'approve' && !persona.traits.alwaysDenies;
  const answer = yes ? approve(platform, request, persona, opened) : authorize.denied();
  const target = new URL(request.redirectUri);
  for (const [name, value] of Object.entries({ ...answer, state: request.state })) {
    if (value !== undefined) target.searchParams.set(name, value);
  }
  if (yes && authorize.fragment) target.hash = authorize.fragment;
  return target;
}

function approve(
  platform: Platform,
  request: AuthorizationRequest,
  persona: Persona,
  opened?: readonly string[],
): Parameters {
  if (opened) assertOffered(platform, persona, opened);
  const declined = persona.traits.keepsOneScopeBack && request.scopes.length > 1 ? request.scopes.slice(-1) : [];
  const scopes = request.scopes.filter((scope) => !declined.includes(scope));
  const code = newCode(platform, {
    provider: platform.definition.name,
    clientId: request.clientId,
    persona: persona.key,
    redirectUri: request.redirectUri,
    scopes,
    ...(declined.length > 0 && { declined }),
    ...(opened && { opened }),
    ...(request.challenge && { challenge: request.challenge }),
  });
  return platform.definition.authorize.approved(code, scopes);
}

function assertOffered({ definition }: Platform, persona: Persona, opened: readonly string[]): void {
  const offered = definition.pages?.(persona) ?? [];
  if (!opened.every((page) => offered.some(({ id }) => id === page)))
    throw new Refusal('invalid_parameter', 'sandbox_pages');
}
