import type { Completion } from '#persistence';
import { invalidField } from '../accounts.errors.js';
import { parseAllowedUrl } from '../policies/return-url.js';
import { readScopes } from '../policies/scopes.js';

/** What the owner of an app may set, at its creation or later. */
export interface AppFields {
  allowedReturnUrls?: string[];
  scopes?: string[];
  completion?: Completion;
}

/** Throws scopes.invalid, and validation.failed for an invalid entry of the list. */
export function checkAppFields<Fields extends AppFields>(fields: Fields): Fields {
  const { scopes, allowedReturnUrls } = fields;
  return {
    ...fields,
    scopes: scopes && readScopes(scopes),
    allowedReturnUrls: allowedReturnUrls && [...new Set(allowedReturnUrls.map(allowedUrl))],
  };
}

function allowedUrl(text: string, index: number): string {
  const parsed = parseAllowedUrl(text);
  if ('refusal' in parsed) throw invalidField(`allowed_return_urls.${index}`, parsed.refusal);
  return parsed.url.href;
}
