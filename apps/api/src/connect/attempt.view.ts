import type { AttemptRecord } from '#accounts';
import { isoTime } from '../http/iso-time.js';
import { publicId } from '../http/public-id.js';
import type { AttemptView } from './attempt.schema.js';

/** What of an attempt its creator sees. */
export const attemptView = (attempt: AttemptRecord): AttemptView => ({
  state: attempt.state,
  status: attempt.status,
  account_ids: attempt.accountIds.map((id) => publicId('acc', id)),
  candidates: attempt.candidates,
  error: attempt.error,
  provider: attempt.provider,
  expires_at: isoTime(attempt.expiresAt),
});
