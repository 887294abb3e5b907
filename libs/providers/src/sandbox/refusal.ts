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
  | 'server_error';

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
