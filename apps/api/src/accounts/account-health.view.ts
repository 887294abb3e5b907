import type { AccountHealthRecord } from '#accounts';
import { isoTime, publicId } from '../http/fields.js';
import { accountEventView } from './account-event.view.js';
import type { AccountHealthView } from './account-health.schema.js';

/** What of an account's health leaves the system. */
export const accountHealthView = ({ token, probe, ...account }: AccountHealthRecord): AccountHealthView => ({
  id: publicId('acc', account.id),
  health: account.health,
  health_reason: account.healthReason,
  token: {
    state: token.state,
    expires_at: isoTime(token.expiresAt),
    refresh_expires_at: isoTime(token.refreshExpiresAt),
    last_refreshed_at: isoTime(token.lastRefreshedAt),
    next_refresh_at: isoTime(token.nextRefreshAt),
    last_error: token.lastError,
  },
  provisioning: account.provisioning,
  probe: { state: probe.state, at: isoTime(probe.at), next_at: isoTime(probe.nextAt) },
  recommendation: account.recommendation,
  events: account.events.map(accountEventView),
});
