import type { PublishRefusals } from '../contract/publish-failure.js';
import { valuesAt } from '../publish/json-path.js';

const A_DAY = 86_400;
const of = (group: PublishRefusals['rows'][number]['class'], ...codes: string[]) =>
  codes.map((code) => ({ class: group, code }));

/** The codes of `error.code`, and of `fail_reason` of a post that failed: the Content Posting API, 2026-11-30. */
export const tiktokPublishRefusals: PublishRefusals = {
  codesIn: (json) => [...valuesAt(json, 'data.fail_reason'), ...valuesAt(json, 'error.code')],
  sentenceIn: (json) => valuesAt(json, 'error.message').join(' '),
  rows: [
    ...of('content', 'invalid_param', 'invalid_params', 'privacy_level_option_mismatch'),
    ...of('reauth', 'access_token_invalid', 'auth_removed'),
    ...of('permission', 'scope_not_authorized', 'scope_permission_missed'),
    { class: 'wait', code: 'spam_risk_too_many_posts', wait: A_DAY },
    { class: 'wait', code: 'spam_risk_too_many_pending_share', wait: A_DAY },
    ...of('action', 'spam_risk_user_banned_from_posting', 'app_version_check_failed'),
    ...of(
      'app',
      'reached_active_user_cap',
      'unaudited_client_can_only_post_to_private_accounts',
      'url_ownership_unverified',
    ),
    { class: 'wait', code: 'rate_limit_exceeded', wait: 60 },
    ...of('content', 'file_format_check_failed', 'duration_check_failed', 'frame_rate_check_failed'),
    ...of('content', 'picture_size_check_failed', 'spam_risk_text', 'spam_risk', 'publish_cancelled'),
    ...of('rebuild', 'video_pull_failed', 'photo_pull_failed'),
    ...of('retry', 'internal', 'internal_error'),
  ],
};
