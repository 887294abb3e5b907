import type { AuthorizationRequest, Parameters, Platform } from './contract.js';
import { newCode } from './exchange-code.js';

import type { Persona } from './personas.js';
import { Refusal } from './refusal.js';

export type Decision = 'approve' | 'deny';

/** Reads what the app asks for and registers its redirect URI if it is the app's first; refuses any other one. */
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
  asked: AuthorizationRequest,
  persona: Persona,
  decision: Decision,
  opened?: readonly string[],
): URL {
  const { authorize } = platform.definition;
  platform.notes.persona = persona.key;
  const yes = decision === 'approve' && !persona.traits.alwaysDenies;
  const answer = yes ? approve(platform, asked, persona, opened) : authorize.denied();
  const target = new URL(asked.redirectUri);
  for (const [name, value] of Object.entries({ ...answer, state: asked.state })) {
    if (value !== undefined) target.searchParams.set(name, value);
  }
  if (yes && authorize.fragment) target.hash = authorize.fragment;
  return target;
}

function approve(
  platform: Platform,
  asked: AuthorizationRequest,
  persona: Persona,
  opened?: readonly string[],
): Parameters {
  if (opened) assertOffered(platform, persona, opened);
  const declined = persona.traits.keepsOneScopeBack && asked.scopes.length > 1 ? asked.scopes.slice(-1) : [];
  const scopes = asked.scopes.filter((scope) => !declined.includes(scope));
  const code = newCode(platform, {
    provider: platform.definition.name,
    clientId: asked.clientId,
    persona: persona.key,
    redirectUri: asked.redirectUri,
    scopes,
    ...(declined.length > 0 && { declined }),
    ...(opened && { opened }),
    ...(asked.challenge && { challenge: asked.challenge }),
  });
  return platform.definition.authorize.approved(code, scopes);
}

function assertOffered({ definition }: Platform, persona: Persona, opened: readonly string[]): void {
  const offered = definition.pages?.(persona) ?? [];
  if (!opened.every((page) => offered.some(({ id }) => id === page)))
    throw new Refusal('invalid_parameter', 'sandbox_pages');
}
