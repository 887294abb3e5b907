import type { Tx } from '#persistence/sql';
import { findProvider, providerOf } from '#providers';
import type { GrantFacts } from '#tokens/protocol';

/** Seconds of the grace period that the request itself may take. */
const MARGIN = 2;

const SENT_WITHIN = `
  select (select dispatched_at from exchange_intents where id = $3) - min(dispatched_at) < make_interval(secs => $4) as within
  from exchange_intents where grant_id = $1 and token_version = $2 and state in ('dispatched', 'unknown') and id <> $3`;

/** Whether the platform would still answer a resend like the first request, `within` seconds after it. */
export function isInGrace({
  provider,
  mode,
  sentAgo,
}: Pick<GrantFacts, 'provider' | 'mode'> & { sentAgo: number | null }): boolean {
  const grace = findProvider(provider)?.refresh.grace;
  return mode === 'rotating_grace' && grace !== undefined && sentAgo !== null && sentAgo < grace - MARGIN;
}

const SENT_LATELY = `
  select count(*)::int as count from exchange_intents
  where grant_id = $1 and token_version = $2 and state in ('dispatched', 'unknown')
    and dispatched_at > db_now() - make_interval(secs => $3)`;

/** How many requests with the token of a grant were sent within the last grace period of its platform; null: it has none. */
export async function countSentInGrace(
  tx: Tx,
  { id, tokenVersion, provider, mode }: Pick<GrantFacts, 'id' | 'tokenVersion' | 'provider' | 'mode'>,
): Promise<number | null> {
  const { grace } = providerOf(provider).refresh;
  if (mode !== 'rotating_grace' || grace === undefined) return null;
  const { rows } = await tx.query<{ count: number }>(SENT_LATELY, [id, tokenVersion, grace]);
  return rows[0]?.count ?? 0;
}

/** Whether a resend was sent within the grace period of its platform. */
export async function isWithinGrace(tx: Tx, grant: GrantFacts, intentId: string): Promise<boolean> {
  const { grace } = providerOf(grant.provider).refresh;
  return grant.mode === 'rotating_grace' && grace !== undefined && isSentWithin(tx, grant, intentId, grace - MARGIN);
}

/** Whether this exchange was sent within that number of seconds after the first unanswered one of the same token. */
export async function isSentWithin(
  tx: Tx,
  { id, tokenVersion }: Pick<GrantFacts, 'id' | 'tokenVersion'>,
  intentId: string,
  seconds: number,
): Promise<boolean> {
  const { rows } = await tx.query<{ within: boolean | null }>(SENT_WITHIN, [id, tokenVersion, intentId, seconds]);
  return rows[0]?.within ?? false;
}

const SUPERSEDED = `
  select exists (
    select from exchange_intents stored join exchange_intents again using (grant_id, token_version)
    where grant_id = $1 and token_version = $2::bigint - 1 and stored.state = 'committed'
      and again.dispatched_at > stored.dispatched_at and again.state <> 'released'
  ) as superseded`;

/**
 * Whether the token that brought the stored pair was sent again after it: an exchanger that stopped, or was down, with the
 * answer in hand comes back after another process has taken over its claim.
 */
export async function isSuperseded(
  tx: Tx,
  { id, tokenVersion }: Pick<GrantFacts, 'id' | 'tokenVersion'>,
): Promise<boolean> {
  const { rows } = await tx.query<{ superseded: boolean }>(SUPERSEDED, [id, tokenVersion]);
  return rows[0]?.superseded ?? false;
}
