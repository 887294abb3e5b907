import { publicId } from '#persistence';

/** The redirect URI that the platform gets, with the id of an app that has a callback of its own. */
export function redirectUri(publicUrl: string, provider: string, oauthAppId?: string): string {
  const callback = `${publicUrl}/v1/oauth/${provider}/callback`;
  return oauthAppId === undefined ? callback : `${callback}/${publicId('oa', oauthAppId)}`;
}
