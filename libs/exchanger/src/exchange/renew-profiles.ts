import type { Secret } from '#observability';
import { transaction } from '#persistence/sql';
import { providerOf } from '#providers';
import type { GrantFacts } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { applyHealth, reportAppFailure } from '#tokens/store';
import { listProfiles, type ProfileList, syncProfiles } from '#tokens';

/** A consent during the listing has stored a newer list. */
const STILL_THE_SAME = 'select 1 from grants where id = $1 and token_version = $2::bigint + 1 for update';

/** Requests a second time profiles without the right to publish: a single answer changes no account. */
async function listTwice(
  context: ExchangerContext,
  owner: GrantFacts,
  token: Secret,
): Promise<ProfileList | undefined> {
  const listed = await listProfiles(context, owner, token);
  if (listed && !listed.ok) await reportAppFailure(context.pool, owner.oauthAppId, listed.failure);
  const first = listed?.list;
  if (!first?.profiles.some(({ ineligible }) => ineligible !== null)) return first;
  const again = (await listProfiles(context, owner, token))?.list.profiles ?? [];
  const second = new Map(again.map((profile) => [profile.platformAccountId, profile]));
  const profiles = first.profiles.flatMap((profile) =>
    profile.ineligible === null ? profile : (second.get(profile.platformAccountId) ?? []),
  );
  return { ...first, profiles };
}

/** Reads the profiles again with the renewed token: their tokens are renewed too, and a lost role is noticed. */
export async function renewProfiles(context: ExchangerContext, before: GrantFacts): Promise<void> {
  if (!providerOf(before.provider).profiles) return;
  const tokens = await context.vault.openGrantTokens(context.pool, before);
  const list = tokens && (await listTwice(context, before, tokens.access));
  if (!list) return;
  await transaction(context.pool, async (tx) => {
    const { rows } = await tx.query(STILL_THE_SAME, [before.id, before.tokenVersion]);
    if (rows.length === 0) return;
    await syncProfiles(context, tx, before.id, list);
    await applyHealth(tx, before.id);
  });
}
