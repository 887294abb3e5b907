import { z } from 'zod';
import { type AttemptRecord, rawText, text } from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idOf, isoTime, listOf, publicId, state, time } from '../http/fields.js';

/** One of the things that a consent opens, such as a Page. */
const candidateSchema = z
  .object({
    platform_account_id: z.string(),
    handle: z.string().nullable(),
    display_name: z.string().nullable(),
    avatar_url: z.string().nullable(),
    eligible: z.boolean().describe('Whether it may be selected.'),
    reason: z.string().nullable().describe('Why it may not, such as role_lost.'),
  })
  .meta({ id: 'Candidate' });

export type CandidateView = z.output<typeof candidateSchema>;

const candidateExamples: CandidateView[] = [
  {
    platform_account_id: '104872965411223',
    handle: 'analytical.engines',
    display_name: 'Analytical Engines',
    avatar_url: null,
    eligible: true,
    reason: null,
  },
  {
    platform_account_id: '104872965411224',
    handle: null,
    display_name: 'Difference Engines',
    avatar_url: null,
    eligible: false,
    reason: 'role_lost',
  },
];

/** The state of an attempt. */
export const attemptSchema = z
  .object({
    state,
    status: z.enum(['pending', 'selection_required', 'confirmation_required', 'completed', 'failed']),
    account_ids: z.array(idOf('acc')),
    candidates: z.array(candidateSchema).nullable().describe('What can be selected, where the attempt waits for that.'),
    error: z.string().nullable().describe('The reason of a failed one, as in oauth_error.'),
    provider: z.string(),
    expires_at: time,
  })
  .meta({ id: 'Attempt' });

export type AttemptView = z.output<typeof attemptSchema>;

export const attemptExample: AttemptView = {
  state: 'Yw2rJv0eJ1cS6mG0nQ4kqk2m3mQk2m0wq3Q2Vb1h8s0.pUq1T6S3r1b0Vx2m9yQ4J8c7e5d3Fz1a0B9w2R6k4Hs',
  status: 'completed',
  account_ids: ['acc_01h455vb4pex5vsknk084sn02q'],
  candidates: null,
  error: null,
  provider: EXAMPLE_PROVIDER,
  expires_at: '2026-12-01T12:10:00Z',
};

export const selectableAttemptExample: AttemptView = {
  ...attemptExample,
  status: 'selection_required',
  account_ids: [],
  candidates: candidateExamples,
};

export const confirmableAttemptExample: AttemptView = {
  ...attemptExample,
  status: 'confirmation_required',
  account_ids: [],
};

/** The members of an attempt that its creator sees. */
export const attemptView = (attempt: AttemptRecord): AttemptView => ({
  state: attempt.state,
  status: attempt.status,
  account_ids: attempt.accountIds.map((id) => publicId('acc', id)),
  candidates: attempt.candidates?.map(candidateView) ?? null,
  error: attempt.error,
  provider: attempt.provider,
  expires_at: isoTime(attempt.expiresAt),
});

const candidateView = (candidate: NonNullable<AttemptRecord['candidates']>[number]): CandidateView => ({
  platform_account_id: candidate.platformAccountId,
  handle: candidate.handle,
  display_name: candidate.displayName,
  avatar_url: candidate.avatarUrl,
  eligible: candidate.eligible,
  reason: candidate.reason,
});

/** The selected candidates of an attempt. The use case checks whether each is eligible. */
export const selectAccountsBody = z.strictObject({
  platform_account_ids: listOf(rawText(255, { shortest: 1 }), { least: 1, most: 1_000 }),
});

export type SelectAccountsBody = z.output<typeof selectAccountsBody>;

export const selectAccountsExample: z.input<typeof selectAccountsBody> = {
  platform_account_ids: candidateExamples
    .filter(({ eligible }) => eligible)
    .map(({ platform_account_id }) => platform_account_id),
};

/** The token that the browser brought, and the user of that browser's session. */
export const confirmAttemptBody = z.strictObject({
  connect_token: rawText(100, { shortest: 1 }).describe('What the browser brought to your return URL.'),
  user_ref: text(255).describe(
    'Your own id of the user whose session this browser has; it must be the one of the start.',
  ),
});

export type ConfirmAttemptBody = z.output<typeof confirmAttemptBody>;

export const confirmAttemptExample: z.input<typeof confirmAttemptBody> = {
  connect_token: 'vQ1m4o6Jb0m1y2kq7l0cB9rXQ8mS5fVYw2rJv0eJ1cS',
  user_ref: 'user-42',
};
