import type { Tx } from '#persistence/sql';
import type { GrantFacts } from '#tokens/protocol';

const OVERTAKEN = `
  select exists (
    select from exchange_intents stored join exchange_intents again using (grant_id, token_version)
    where grant_id = $1 and token_version = $2::bigint - 1 and stored.state = 'committed'
      and again.dispatched_at > stored.dispatched_at and again.state <> 'released'
  ) as overtaken`;

/**
 * Whether the token of which the stored pair came was sent once more after it. So it is where an exchanger stood still, or was
 * down, with the answer in hand, until another had its claim.
 */
export async function isOvertaken(
  tx: Tx,
  { id, tokenVersion }: Pick<GrantFacts, 'id' | 'tokenVersion'>,
): Promise<boolean> {
  const { rows } = await tx.query<{ overtaken: boolean }>(OVERTAKEN, [id, tokenVersion]);
  return rows[0]?.overtaken ?? false;
}
