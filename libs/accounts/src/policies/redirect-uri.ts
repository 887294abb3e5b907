import { publicId } from '#persistence';

/** Byte for byte what the platform is sent; with an app's id in it where the app wants a callback of its own. */
export function redirectUri(publicUrl: string, provider: string, oauthAppId?: string): string {
  const callback = `${publicUrl}/v1/oauth/${provider}/callback`;
  return oauthAppId === undefined ? callback : `${callback}/${publicId('oa', oauthAppId)}`;
}
