import type { OAuthApp } from '#persistence';
import { redirectUri } from '../policies/redirect-uri.js';

/** An app as the API returns it: without its secret, with the redirect URI that its owner registers. */
export type OAuthAppRecord = Omit<
  OAuthApp,
  'workspaceId' | 'environment' | 'redirectUriStyle' | 'statusSource' | 'secretTurnUntil'
> & {
  redirectUri: string;
};

/** An allow-list: only the fields named here are returned. */
export function toOAuthAppRecord(app: OAuthApp, publicUrl: string): OAuthAppRecord {
  return {
    id: app.id,
    provider: app.provider,
    name: app.name,
    clientId: app.clientId,
    redirectUri: redirectUri(publicUrl, app.provider, app.redirectUriStyle === 'app' ? app.id : undefined),
    scopes: app.scopes,
    allowedReturnUrls: app.allowedReturnUrls,
    completion: app.completion,
    isDefault: app.isDefault,
    status: app.status,
    statusReason: app.statusReason,
    pausedUntil: app.status === 'paused' ? app.pausedUntil : null,
    createdAt: app.createdAt,
  };
}
