import { providerOf } from '#providers';
import { API_DEADLINE } from '../platform-client.js';
import type { Room } from '../room.js';
import { openApp, readApp } from '../store/apps.js';
import type { RevocableTokens } from '../token-exchange.js';

const LIVING = `
  select 1 from grants join grant_tokens on grant_tokens.grant_id = grants.id
  where grants.oauth_app_id = $1 and grants.platform_user_id = $2 limit 1`;

/** Revokes at the platform, unless the same person has a living grant at the same app by now: it would die with these. */
export async function revokeTokens(room: Room, tokens: RevocableTokens): Promise<boolean> {
  const provider = providerOf(tokens.provider);
  const { rows } = await room.pool.query(LIVING, [tokens.oauthAppId, tokens.platformUserId]);
  const app = rows.length === 0 ? await readApp(room.pool, tokens.oauthAppId) : undefined;
  if (!app || !provider.revoke) return false;
  try {
    const credentials = await openApp(room.pool, room.vault, app);
    const request = provider.revoke({ app: credentials, ...tokens });
    const answer = await room.client.send(request, { environment: tokens.environment, within: API_DEADLINE });
    return answer.status < 300;
  } catch (error) {
    room.logger.warn({ err: error, provider: tokens.provider }, 'a revocation was not answered');
    return false;
  }
}
