import { z } from 'zod';
import { Secret } from '#observability';
import type { TokenSet } from '../contract/outcome.js';

const seconds = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).nullish().catch(null);
/** Nobody gives a refresh token that has ended already; some say 0 for one that never does. */
const lifeOfRefresh = seconds.transform((life) => (life && life > 0 ? life : null));
const text = z.string().min(1).nullish().catch(null);

/** RFC 6749 5.1, and the two names platforms have for a refresh token's life. */
const Response = z.object({
  access_token: z.string().min(1),
  refresh_token: text,
  expires_in: seconds,
  refresh_expires_in: lifeOfRefresh,
  refresh_token_expires_in: lifeOfRefresh,
  scope: text,
});

/** The token set of a flat answer; undefined when it holds no access token. A field of a wrong type counts as left out. */
export function readTokenResponse(json: unknown): TokenSet | undefined {
  const { data } = Response.safeParse(json);
  if (!data) return undefined;
  return {
    accessToken: new Secret(data.access_token),
    refreshToken: data.refresh_token ? new Secret(data.refresh_token) : null,
    expiresIn: data.expires_in ?? null,
    refreshExpiresIn: data.refresh_expires_in ?? data.refresh_token_expires_in ?? null,
    scopes: data.scope ? splitScopes(data.scope) : null,
  };
}

/** Some list scopes with spaces (RFC 6749 3.3), some with commas; no scope has either in its name. */
export const splitScopes = (text: string): string[] => text.split(/[ ,]+/).filter(Boolean);
