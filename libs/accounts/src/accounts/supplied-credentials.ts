import type { Secret } from '#observability';
import type { Provider } from '#providers';
import { suppliedMode } from '#tokens';
import { invalidField } from '../accounts.errors.js';

/** Tokens that a client brings, and the profile that the client names for them. */
export interface SuppliedCredentials {
  accessToken: Secret;
  refreshToken?: Secret;
  expiresAt?: Date;
  scopes?: string[];
  /** The members of `credentials` by which some platforms name the profile once more. */
  profileFields: Readonly<Record<string, string>>;
}

export interface CredentialClaim {
  credentials: SuppliedCredentials;
  platformAccountId: string;
  /** Undefined: nothing can refresh the tokens. */
  oauthAppId: string | undefined;
  now: Date;
}

/** No platform gives 0 to an account. */
const DIGITS = /^[1-9]\d*$/;

/** Checks what needs no call to the platform. Throws validation.failed, which names the field. */
export function checkCredentials(provider: Provider, claim: CredentialClaim): void {
  const { credentials, platformAccountId } = claim;
  if (provider.ids === 'digits' && !DIGITS.test(platformAccountId))
    throw invalidField('platform_account_id', 'must be digits alone, as all ids of this platform');
  for (const [name, given] of Object.entries(credentials.profileFields))
    checkProfileField(provider, platformAccountId, { name, given });
  if (credentials.refreshToken && provider.refresh.mode === 'extend_self')
    throw invalidField('credentials.refresh_token', 'does not exist at this platform, which extends the access token');
  if (hasEnded(claim) && !canRefresh(provider, claim))
    throw invalidField('credentials.expires_at', 'is in the past, and there is nothing to refresh the token with');
}

export const hasEnded = ({ credentials: { expiresAt }, now }: CredentialClaim): boolean =>
  expiresAt !== undefined && expiresAt <= now;

function checkProfileField(
  { profileField }: Provider,
  platformAccountId: string,
  { name, given }: { name: string; given: string },
): void {
  if (profileField?.name !== name) throw invalidField(`credentials.${name}`, 'does not belong to this platform');
  const expected = profileField.prefix + platformAccountId;
  if (given !== expected)
    throw invalidField(`credentials.${name}`, `must be ${profileField.prefix}<platform_account_id>, the same profile`);
}

/** A token that is extended must not have ended. */
function canRefresh({ name, profiles }: Provider, { credentials, oauthAppId }: CredentialClaim): boolean {
  const mode = suppliedMode({
    provider: name,
    oauthAppId: oauthAppId ?? null,
    refreshToken: credentials.refreshToken ?? null,
    isOfProfile: profiles !== undefined,
  });
  return mode !== 'none' && mode !== 'extend_self';
}
