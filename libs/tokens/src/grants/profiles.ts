import type { Secret } from '#observability';
import type { Candidate, Environment, Tenant, Tx } from '#persistence/sql';
import { type Failure, type Profile, providerOf, readProfilesAnswer } from '#providers';
import { API_DEADLINE, UNREACHABLE } from '../platform-client.js';
import type { Room } from '../room.js';

const MOST_PAGES = 50;

export type Profiles = { ok: true; profiles: Profile[] } | { ok: false; failure: Failure };

/** What the profiles of a grant are asked with. */
export interface ProfileOwner {
  provider: string;
  environment: Environment;
}

/** All profiles that a consent opened, page by page; undefined where the person is the account. */
export async function listProfiles(room: Room, { provider: name, environment }: ProfileOwner, token: Secret): Promise<Profiles | undefined> {
  const provider = providerOf(name);
  if (!provider.profiles) return undefined;
  const found: Profile[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const request = provider.profiles.request(token, after);
    const answer = await room.client.send(request, { environment, within: API_DEADLINE }).catch(() => undefined);
    const outcome = answer ? readProfilesAnswer(provider, answer) : { ok: false as const, failure: UNREACHABLE };
    if (!outcome.ok) return outcome;
    found.push(...outcome.profiles);
    after = outcome.after;
    if (after === null) break;
  }
  return { ok: true, profiles: found };
}

/** What a caller may know of a profile. */
export const toCandidate = ({ platformAccountId, handle, displayName, avatarUrl, ineligible }: Profile): Candidate => ({
  ...{ platformAccountId, handle, displayName, avatarUrl },
  eligible: ineligible === null,
  reason: ineligible,
});

interface ConnectedProfile extends Tenant {
  id: string;
  platformAccountId: string;
}

const CONNECTED = `
  select id, workspace_id as "workspaceId", environment, platform_account_id as "platformAccountId" from accounts
  where grant_id = $1 and health <> 'disconnected' order by id for update`;

/**
 * Holds the connected accounts of a grant against what its person opened: a profile that is there gets its new token, one
 * that lost its role or was left out of the consent shows it at once. Health is derived by the caller.
 */
export async function syncProfiles(room: Room, tx: Tx, grantId: string, profiles: readonly Profile[]): Promise<void> {
  const byId = new Map(profiles.map((profile) => [profile.platformAccountId, profile]));
  const { rows } = await tx.query<ConnectedProfile & Record<string, unknown>>(CONNECTED, [grantId]);
  for (const account of rows) {
    const profile = byId.get(account.platformAccountId);
    if (profile) await renewProfile(room, tx, account, profile);
    else await tx.query(LEFT_OUT, [account.id]);
  }
}

/** What a probe found dead stays dead: that it is not listed either is no news. */
const LEFT_OUT = `
  update accounts set probe_class = 'permission', probe_reason = 'not_granted', probe_struck_at = null
  where id = $1 and probe_class is distinct from 'permanent'`;

async function renewProfile(room: Room, tx: Tx, account: ConnectedProfile, { accessToken, ineligible }: Profile): Promise<void> {
  if (accessToken) await room.vault.sealAccountToken(tx, account, accessToken);
  await tx.query(
    `update accounts set own_token = own_token or $2, probe_class = $3, probe_reason = $4, probe_struck_at = null where id = $1`,
    [account.id, accessToken !== null, ineligible === null ? null : 'permission', ineligible],
  );
}
