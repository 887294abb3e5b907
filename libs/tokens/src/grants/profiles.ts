import { seconds } from '#config';
import type { Secret } from '#observability';
import { type Candidate, scheduleProbesNow, storeListedProfile, type Tenant, type Tx } from '#persistence/sql';
import {
  type Failure,
  type Profile,
  type ProfilesOutcome,
  type Provider,
  providerOf,
  readProfilesAnswer,
} from '#providers';
import { callApi, type ApiTarget } from '../call-api.js';
import type { TokenContext } from '../token-context.js';

/** Answers of a list are followed no further than this, whatever the platform answers. */
const MAX_ANSWERS = 100;
/** No request begins later: a slow platform would hold a place of its refreshes for half an hour. */
const LAST_REQUEST_AFTER_MS = seconds(45);

export interface ProfileList {
  profiles: Profile[];
  /** Only a whole list proves something about a profile that is not in it. */
  isWhole: boolean;
  /** The platform listed all there is. A list with its end is not whole where an entry of it could not be used. */
  hasEnd: boolean;
}

/** An interrupted list contains the profiles before. */
export type Profiles = { ok: true; list: ProfileList } | { ok: false; failure: Failure; list: ProfileList };

type ProfileContext = Pick<TokenContext, 'client' | 'logger' | 'countIncompleteList'>;

/** All profiles that a consent opened, page by page; undefined where the person is the account. */
export async function listProfiles(
  context: ProfileContext,
  owner: ApiTarget,
  token: Secret,
): Promise<Profiles | undefined> {
  const provider = providerOf(owner.provider);
  return provider.profiles && new ProfileWalk(context, owner, { provider, paging: provider.profiles }).all(token);
}

/** One walk along the pages of a list: requests fewer profiles at a time where the platform refuses the number. */
class ProfileWalk {
  readonly #found = new Map<string, Profile>();
  readonly #sizes: number[];
  readonly #requested = new Set<string | null>();
  #unusable = 0;

  constructor(
    private readonly context: ProfileContext,
    private readonly owner: ApiTarget,
    private readonly platform: { provider: Provider; paging: NonNullable<Provider['profiles']> },
  ) {
    this.#sizes = [...platform.paging.sizes];
  }

  async all(token: Secret): Promise<Profiles> {
    const begin = performance.now();
    let after: string | null = null;
    for (let answers = 0; answers < MAX_ANSWERS; answers += 1) {
      if (performance.now() - begin > LAST_REQUEST_AFTER_MS) break;
      const outcome = await this.request(token, after);
      if (outcome === 'too_much') continue;
      if (!outcome.ok) return { ...outcome, list: this.list(false) };
      for (const profile of outcome.profiles) this.add(profile);
      this.#unusable += outcome.unusable;
      if (outcome.after === null) return { ok: true, list: this.list(outcome.cutOff !== true) };
      if (this.#requested.has(outcome.after)) break;
      after = outcome.after;
    }
    return { ok: true, list: this.list(false) };
  }

  /** Of two entries of one profile, one that grants the right to publish counts. */
  private add(profile: Profile): void {
    const known = this.#found.get(profile.platformAccountId);
    if (known?.ineligible !== null || profile.ineligible === null) this.#found.set(profile.platformAccountId, profile);
  }

  private async request(token: Secret, after: string | null): Promise<ProfilesOutcome | 'too_much'> {
    const { provider, paging } = this.platform;
    const [size = 1] = this.#sizes;
    const request = paging.request(token, after, size);
    return callApi<ProfilesOutcome | 'too_much'>(this.context, this.owner, request, (answer) => {
      if (this.#sizes.length > 1 && paging.isTooMuch?.(answer)) {
        this.#sizes.shift();
        return 'too_much';
      }
      this.#requested.add(after);
      return readProfilesAnswer(provider, answer);
    });
  }

  private list(hasEnd: boolean): ProfileList {
    const isWhole = hasEnd && this.#unusable === 0;
    if (!isWhole) this.reportIncomplete();
    return { profiles: [...this.#found.values()], isWhole, hasEnd };
  }

  private reportIncomplete(): void {
    const { provider } = this.owner;
    const counts = { profiles: this.#found.size, answers: this.#requested.size, unusable: this.#unusable };
    this.context.logger.warn({ provider, ...counts }, 'profiles.list_incomplete');
    this.context.countIncompleteList(provider);
  }
}

/** What a caller may read of a profile. */
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
 * Holds the connected accounts of a grant against what its person opened: a profile that is there gets its new token. One
 * that is missing in a whole list is probed soon, and the probe decides: a platform may answer with a short list once. Health is
 * derived by the caller.
 */
export async function syncProfiles(
  context: TokenContext,
  tx: Tx,
  grantId: string,
  { profiles, isWhole }: ProfileList,
): Promise<void> {
  const byId = new Map(profiles.map((profile) => [profile.platformAccountId, profile]));
  const { rows } = await tx.query<ConnectedProfile & Record<string, unknown>>(CONNECTED, [grantId]);
  for (const account of rows) {
    const profile = byId.get(account.platformAccountId);
    if (profile) await renewProfile(context, tx, account, profile);
    else if (isWhole) await scheduleProbesNow(tx, { accountId: account.id });
  }
}

async function renewProfile(
  context: TokenContext,
  tx: Tx,
  account: ConnectedProfile,
  { accessToken, ineligible }: Profile,
): Promise<void> {
  if (accessToken) await context.vault.sealAccountToken(tx, account, accessToken);
  await storeListedProfile(tx, account.id, { hasOwnToken: accessToken !== null, ineligible });
}
