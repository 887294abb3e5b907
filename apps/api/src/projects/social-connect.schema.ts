import { z } from 'zod';
import { type AttemptRecord, rawText, type StartedAttempt, text } from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idField, idOf, isoTime, listOf, provider, publicId, state, time, urlText } from '../http/fields.js';

const returnUrl = urlText.describe(
  'Where the browser returns to. Its host, with its port if it has one, must be one of the return_hosts of the key; https, or http on a loopback host.',
);
const scopes = listOf(text(64), { least: 1, most: 32 })
  .optional()
  .describe("What to request of the person; by default the app's own scopes.");

export const oauthUrlBody = z.strictObject({
  platform: provider,
  returnUrl,
  scopes,
  usageNote: rawText(500, { lines: true }).optional().describe('A note on the use of the account, for its events.'),
});
export type OAuthUrlBody = z.output<typeof oauthUrlBody>;
export const oauthUrlExample: z.input<typeof oauthUrlBody> = {
  platform: EXAMPLE_PROVIDER,
  returnUrl: 'https://app.example.com/connected',
};

export const reauthUrlBody = z.strictObject({ socialAccountId: idField('sa'), returnUrl, scopes });
export type ReauthUrlBody = z.output<typeof reauthUrlBody>;
export const reauthUrlExample: z.input<typeof reauthUrlBody> = {
  socialAccountId: 'sa_01h455vb4pex5vsknk084sn02q',
  returnUrl: 'https://app.example.com/connected',
};

export const oauthUrlSchema = z.object({ authorizeUrl: z.string(), state, expiresAt: time }).meta({ id: 'OAuthUrl' });
export type OAuthUrlView = z.output<typeof oauthUrlSchema>;

const STATE = 'Yw2rJv0eJ1cS6mG0nQ4kqk2m3mQk2m0wq3Q2Vb1h8s0.pUq1T6S3r1b0Vx2m9yQ4J8c7e5d3Fz1a0B9w2R6k4Hs';
export const startedOAuthExample: OAuthUrlView = {
  authorizeUrl: `https://platform.example/oauth2/authorize?response_type=code&client_id=abc&state=${STATE}`,
  state: STATE,
  expiresAt: '2026-12-01T12:10:00Z',
};

export const oauthUrlView = ({ authorizeUrl, state, expiresAt }: StartedAttempt): OAuthUrlView => ({
  authorizeUrl,
  state,
  expiresAt: isoTime(expiresAt),
});

/** Why an attempt failed. */
export const attemptErrorSchema = z.object({
  code: z.string().describe('As in the return URL.'),
  message: z.string(),
  details: z
    .object({ platformCode: z.string() })
    .optional()
    .describe("With the platform's own code, where it refused the code or the token of this attempt."),
});
type AttemptErrorView = z.output<typeof attemptErrorSchema>;

/** What a poll answers. */
export const oauthStatusSchema = z
  .discriminatedUnion('status', [
    z.object({ state, status: z.literal('pending'), expiresAt: time }),
    z.object({
      state,
      status: z.literal('completed'),
      socialAccountId: idOf('sa').describe('The first of socialAccountIds.'),
      socialAccountIds: z.array(idOf('sa')),
    }),
    z.object({
      state,
      status: z.literal('failed'),
      error: attemptErrorSchema,
    }),
  ])
  .meta({ id: 'OAuthStatus' });
export type OAuthStatusView = z.output<typeof oauthStatusSchema>;

export const oauthStatusExample: OAuthStatusView = {
  state: STATE,
  status: 'completed',
  socialAccountId: 'sa_01h455vb4pex5vsknk084sn02q',
  socialAccountIds: ['sa_01h455vb4pex5vsknk084sn02q'],
};

/** One sentence for each reason why an attempt failed. */
const FAILURES: Record<string, string> = {
  access_denied: 'The person did not consent.',
  state_expired: 'The person did not finish in time.',
  exchange_failed: 'The platform refused the code.',
  no_eligible_account: 'The person has no account that can be connected.',
  account_mismatch: 'The person signed in with another account than the one to reconnect.',
  missing_permissions: 'The person did not grant all that is needed.',
  app_misconfigured: 'The platform refuses the OAuth app.',
  provider_unavailable: 'The platform did not answer.',
  server_error: 'Something went wrong on our side.',
};

export function oauthStatusView(attempt: AttemptRecord): OAuthStatusView {
  const { state, status, accountIds, expiresAt } = attempt;
  if (status === 'failed') return { state, status, error: attemptErrorView(attempt) };
  const [first, ...others] = accountIds.map((id) => publicId('sa', id));
  if (status !== 'completed' || first === undefined) return { state, status: 'pending', expiresAt: isoTime(expiresAt) };
  return { state, status, socialAccountId: first, socialAccountIds: [first, ...others] };
}

export function attemptErrorView({
  error,
  platformCode,
}: Pick<AttemptRecord, 'error' | 'platformCode'>): AttemptErrorView {
  const code = error ?? 'server_error';
  const message = FAILURES[code] ?? 'The attempt failed.';
  return { code, message, ...(platformCode !== null && { details: { platformCode } }) };
}
