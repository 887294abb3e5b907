import type { AttemptRecord } from '#accounts';
import { isoTime, publicId } from '../http/fields.js';
import type { AttemptView } from './attempt.schema.js';
import type { CandidateView } from './candidate.schema.js';

/** What of an attempt its creator sees. */
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
