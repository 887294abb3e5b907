import type { Platform, PublishRequest } from './contract.js';
import { bearerOf } from './parameters.js';
import type { GrantRecord } from './records.js';
import { Refusal } from './refusal.js';
import { holderOf } from './use-tokens.js';

/** A text, or an empty one for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The members of an object, none for anything else. */
export const objectOf = (value: unknown): Record<string, unknown> => Object(value) as Record<string, unknown>;

/** The grant of the bearer token; refuses a token that ended, and one without these scopes. */
export function grantFor({ authorization }: PublishRequest, platform: Platform, ...scopes: string[]): GrantRecord {
  const grant = holderOf(platform, bearerOf(authorization));
  const missing = scopes.find((scope) => !grant.scopes.includes(scope));
  if (missing) throw new Refusal('missing_scope', missing);
  return grant;
}
