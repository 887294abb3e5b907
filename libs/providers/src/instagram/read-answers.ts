import { z } from 'zod';
import type { Identity, ProbeReading, TokenSet } from '../contract/outcome.js';
import { idField as id, scopesField, textField as text } from '../oauth/platform-values.js';
import { readTokenResponse } from '../oauth/token-response.js';

/** The documentation has answers in `data[]`, live ones are flat: both are read. */
const unwrapped = <Shape extends z.ZodType>(shape: Shape) => z.preprocess(unwrap, shape);

function unwrap(json: unknown): unknown {
  const { data } = Object(json) as { data?: unknown };
  return Array.isArray(data) ? data[0] : json;
}

const Tokens = unwrapped(
  z.looseObject({
    access_token: z.string(),
    permissions: scopesField,
  }),
);

/** The tokens of all three calls. The first one's `user_id` is not looked at: the identity call names the person. */
export function readTokens(json: unknown): TokenSet | undefined {
  const { data } = Tokens.safeParse(json);
  const tokens = readTokenResponse(data);
  return tokens && { ...tokens, scopes: data?.permissions ?? tokens.scopes };
}

const Me = unwrapped(z.object({ id, user_id: id, username: text, name: text, profile_picture_url: text }));
const Professional = unwrapped(z.object({ user_id: id }));

/** `user_id` is the professional account, the one that posts; `id` is the person's id at this app. */
export function readMe(json: unknown): Identity | undefined {
  const { data } = Me.safeParse(json);
  if (!data) return undefined;
  return {
    platformUserId: data.id,
    platformAccountId: data.user_id,
    handle: data.username,
    displayName: data.name,
    avatarUrl: data.profile_picture_url,
  };
}

/** An answer with a professional account in it proves that the token works. */
export const readProbe = (json: unknown): ProbeReading | undefined =>
  Professional.safeParse(json).success ? { ok: true } : undefined;
