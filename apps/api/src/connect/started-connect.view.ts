import type { StartedAttempt } from '#accounts';
import { isoTime } from '../http/fields.js';
import type { StartedConnectView } from './start-connect.schema.js';

/** What the starter of an attempt is told: where to send the browser, and by which state to ask. */
export const startedConnectView = ({ authorizeUrl, state, expiresAt }: StartedAttempt): StartedConnectView => ({
  authorize_url: authorizeUrl,
  state,
  expires_at: isoTime(expiresAt),
});
