import { transaction } from '#persistence/sql';
import { providerOf } from '#providers';
import type { GrantFacts } from '../protocol/grant.js';
import type { Room } from '../room.js';
import { applyHealth } from '../store/health-store.js';
import { listProfiles, syncProfiles } from './profiles.js';

/** A consent that came while the profiles were listed brought a newer list. */
const STILL_THE_SAME = 'select 1 from grants where id = $1 and token_version = $2::bigint + 1 for update';

/** With a renewed token the profiles are walked again: theirs are renewed too, and a lost role shows. */
export async function renewProfiles(room: Room, before: GrantFacts): Promise<void> {
  if (!providerOf(before.provider).profiles) return;
  const tokens = await room.vault.openGrantTokens(room.pool, before);
  const listed = tokens && (await listProfiles(room, before, tokens.access));
  if (!listed?.ok) return;
  await transaction(room.pool, async (tx) => {
    const { rows } = await tx.query(STILL_THE_SAME, [before.id, before.tokenVersion]);
    if (rows.length === 0) return;
    await syncProfiles(room, tx, before.id, listed.profiles);
    await applyHealth(tx, before.id);
  });
}
