/** Why an imitated platform refuses. Each platform words the refusals itself; the call log and the logs show these. */
export type RefusalReason =
  | 'missing_parameter'
  | 'invalid_parameter'
  | 'unknown_client'
  | 'missing_client_authentication'
  | 'wrong_client_secret'
  | 'unsupported_grant_type'
  | 'unknown_scope'
  | 'wrong_redirect'
  | 'missing_challenge'
  | 'unknown_code'
  | 'reused_code'
  | 'late_code'
  | 'wrong_verifier'
  | 'unknown_token'
  | 'spent_token'
  | 'expired_token'
  | 'revoked_token'
  | 'revoked_grant'
  | 'suspended_user'
  | 'password_changed'
  | 'checkpoint'
  | 'young_token'
  | 'wrong_kind_of_token'
  | 'lost_role'
  | 'missing_scope'
  | 'too_many_requests'
  | 'credits_depleted'
  | 'server_error'
  | 'unknown_reference'
  | 'unknown_object'
  | 'invalid_media_type'
  | 'invalid_carousel'
  | 'expired_reference'
  | 'unfinished_reference'
  | 'failed_reference'
  | 'wrong_order'
  | 'too_large'
  | 'too_long'
  | 'refused_media'
  | 'unreachable_media'
  | 'unowned_media'
  | 'duplicate_post'
  | 'ghost_post'
  | 'quota_spent'
  | 'restricted_activity'
  | 'unaudited_app'
  | 'trial_app'
  | 'ended_version';

/** Thrown by imitations and by the shared parts; never leaves the sandbox as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly reason: RefusalReason,
    /** The parameter, scope or field it is about. */
    readonly subject = '',
  ) {
    super(subject ? `${reason}: ${subject}` : reason);
  }
}

/** Refuses unless the condition holds. */
export function demand(condition: unknown, reason: RefusalReason, subject = ''): asserts condition {
  if (!condition) throw new Refusal(reason, subject);
}
