import type { OAuthAppRecord } from '#accounts';
import { isoTime, publicId } from '../http/fields.js';
import type { OAuthAppView } from './oauth-app.schema.js';

/** What of an app leaves the system. */
export const oauthAppView = (app: OAuthAppRecord): OAuthAppView => ({
  id: publicId('oa', app.id),
  provider: app.provider,
  name: app.name,
  client_id: app.clientId,
  redirect_uri: app.redirectUri,
  scopes: app.scopes,
  allowed_return_urls: app.allowedReturnUrls,
  completion: app.completion,
  is_default: app.isDefault,
  status: app.status,
  status_reason: app.statusReason,
  paused_until: isoTime(app.pausedUntil),
  created_at: isoTime(app.createdAt),
});
