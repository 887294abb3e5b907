import type { OAuthApp } from '#persistence';
import { redirectUri } from '../policies/redirect-uri.js';

/** An app as callers see it: no secret, and the redirect URI its owner has to register. */
export type OAuthAppRecord = Omit<OAuthApp, 'workspaceId' | 'environment' | 'redirectUriStyle' | 'statusSource'> & {
  redirectUri: string;
};

/** An allow-list: what is not named here does not leave. */
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
