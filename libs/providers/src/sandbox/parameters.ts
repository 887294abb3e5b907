import type { Parameters } from './contract.js';
import { Refusal } from './refusal.js';

/** The parameter's value; refuses by name when it is missing or empty. */
export function need(parameters: Parameters, name: string): string {
  const value = parameters[name];
  if (!value) throw new Refusal('missing_parameter', name);
  return value;
}

/** Splits and checks the requested scopes; an unknown scope is a mistake in the app, so no consent page is shown. */
export function readScopes(text: string, separator: string, known: Readonly<Record<string, string>>): string[] {
  const scopes = [...new Set(text.split(separator).filter(Boolean))];
  const unknown = scopes.find((scope) => !Object.hasOwn(known, scope));
  if (unknown !== undefined) throw new Refusal('unknown_scope', unknown);
  if (scopes.length === 0) throw new Refusal('missing_parameter', 'scope');
  return scopes;
}

/** The token of `Authorization: Bearer …` (RFC 6750, 2.1); refuses when there is none. */
export function bearerOf(authorization: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (!token) throw new Refusal('missing_client_authentication');
  return token;
}
