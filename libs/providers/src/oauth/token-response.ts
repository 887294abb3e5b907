import { z } from 'zod';
import { Secret } from '#observability';
import type { TokenSet } from '../contract/outcome.js';
import { scopesField } from './platform-values.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** Whole seconds, 0 for no end, null where the value is not readable. */
function readLife(value: unknown): number | null {
  if (value === null) return 0;
  const life = typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value;
  if (typeof life !== 'number' || Number.isNaN(life)) return null;
  return life <= 0 ? 0 : Math.min(Math.max(Math.floor(life), 1), Number.MAX_SAFE_INTEGER);
}

const seconds = z.unknown().optional().transform(readLife);
/** No refresh token has ended when it is given: 0 means that it never does. */
const lifeOfRefresh = seconds.transform((life) => life || null);
const text = z.string().min(1).nullish().catch(null);

/** RFC 6749 5.1, and the two names platforms have for a refresh token's lifetime. */
const Response = z.object({
  access_token: z.string().min(1),
  refresh_token: text,
  expires_in: seconds,
  refresh_expires_in: lifeOfRefresh,
  refresh_token_expires_in: lifeOfRefresh,
  scope: scopesField,
});

/** The token set of a flat answer; undefined when it holds no access token. A field of a wrong type counts as left out. */
export function readTokenResponse(json: unknown): TokenSet | undefined {
  const { data } = Response.safeParse(json);
  if (!data) return undefined;
  return {
    accessToken: new Secret(data.access_token),
    refreshToken: data.refresh_token ? new Secret(data.refresh_token) : null,
    expiresIn: data.expires_in,
    refreshExpiresIn: data.refresh_expires_in ?? data.refresh_token_expires_in,
    scopes: data.scope,
  };
}
