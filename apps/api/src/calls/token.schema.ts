import { z } from 'zod';
import type { ReadToken } from '#accounts';
import { isoTime, time } from '../http/fields.js';

const MAX_TTL_SECONDS = 86_400;
const DEFAULT_TTL_SECONDS = 60;
const RANGE = `must be between 0 and ${MAX_TTL_SECONDS}`;

export const readTokenQuery = z.strictObject({
  min_ttl: z
    .preprocess(
      (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
      z.int('must be a whole number').min(0, RANGE).max(MAX_TTL_SECONDS, RANGE).default(DEFAULT_TTL_SECONDS),
    )
    .describe(
      "Seconds that the token should still be valid for: one that ends sooner is refreshed first. More than nine tenths of a token's lifetime count as that.",
    ),
});
export type ReadTokenQuery = z.output<typeof readTokenQuery>;

export const tokenSchema = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_at: time.nullable().describe('Null where the token has no end, as that of a Page.'),
    scopes: z.array(z.string()),
  })
  .meta({ id: 'PlatformToken' });

export type TokenView = z.output<typeof tokenSchema>;

export const tokenExample: TokenView = {
  access_token: 'the token of the platform',
  token_type: 'bearer',
  expires_at: '2026-12-01T12:00:00Z',
  scopes: ['tweet.read', 'tweet.write'],
};

export const tokenView = ({
  accessToken,
  expiresAt,
  scopes,
}: Awaited<ReturnType<ReadToken['execute']>>): TokenView => ({
  access_token: accessToken.reveal(),
  token_type: 'bearer',
  expires_at: isoTime(expiresAt),
  scopes: [...scopes],
});
