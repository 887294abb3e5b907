import type { Tx } from '#persistence/sql';
import { providerOf, type TokenSet } from '#providers';
import {
  accessLife,
  afterAdoption,
  endOfLife,
  type GrantChange,
  type GrantFacts,
  isSpentOnce,
  type ApiCheck,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { changeGrant, reportBrokenSeal } from '#tokens/store';

const NEWEST = `
  select orphan.intent_id as "intentId", orphan.received_at as "receivedAt"
  from token_orphans orphan join exchange_intents intent on intent.id = orphan.intent_id
  where intent.grant_id = $1 order by orphan.received_at desc limit 1`;

/** The strike at which an orphan is tried. */
export interface OrphanStrike {
  now: Date;
  apiCheck: ApiCheck;
  errorCode: string;
  /** Of the claim that met the strike. */
  epoch: string;
  /** Whether no retry is left. */
  isLast: boolean;
}

/**
 * Replaces the stored pair of a refused grant by its newest orphan, which is due at once; each orphan is tried once. An
 * access token that the API still accepts stays. After the last retry the refresh token before the stored one is tried in
 * the same way. False: there is neither, or the version of the grant has changed.
 */
export async function adoptOrphan(
  context: ExchangerContext,
  tx: Tx,
  grant: GrantFacts,
  strike: OrphanStrike,
): Promise<boolean> {
  const { rows } = await tx.query<LatePair['orphan']>(NEWEST, [grant.id]);
  if (rows[0]) return adoptLatePair(context, tx, { grant, orphan: rows[0] }, strike);
  return strike.isLast && adoptPrevious(context, tx, grant, strike);
}

interface LatePair {
  grant: GrantFacts;
  orphan: { intentId: string; receivedAt: Date };
}

async function adoptLatePair(
  context: ExchangerContext,
  tx: Tx,
  { grant, orphan }: LatePair,
  strike: OrphanStrike,
): Promise<boolean> {
  // One that does not open is none; the strike is stored all the same. Its report locks no grant.
  const late = await context.vault
    .openOrphan(tx, { ...grant, id: orphan.intentId })
    .catch((error: unknown) => reportBrokenSeal(context, error).then(() => null));
  const stored = await context.vault.openGrantTokens(tx, grant);
  if (!late || !stored) return false;
  const keepsAccess = strike.apiCheck === 'accepts' && grant.mode !== 'extend_self';
  const change = { ...afterAdoption(grant, strike), ...lifeOf(grant, late, orphan.receivedAt, keepsAccess) };
  const version = await changeGrant(tx, grant, change, { rotate: true, epoch: strike.epoch });
  if (version === undefined) return false;
  const access = keepsAccess ? stored.access : late.accessToken;
  await context.vault.sealGrantTokens(tx, grant, version, {
    access,
    refresh: late.refreshToken ?? stored.refresh,
    previous: stored.refresh,
  });
  await context.vault.shredOrphan(tx, orphan.intentId);
  return true;
}

function lifeOf({ provider, mode }: GrantFacts, late: TokenSet, since: Date, keepsAccess: boolean): GrantChange {
  const refreshExpiresAt = endOfLife(since, late.refreshExpiresIn);
  if (keepsAccess) return { refreshExpiresAt };
  const life = accessLife(late, { mode, defaultLife: providerOf(provider).token.defaultLife });
  return { refreshExpiresAt, accessExpiresAt: endOfLife(since, life), issuedAt: since };
}

/** The platform may have lost the rotation that it answered, by a failover of its own. */
async function adoptPrevious(
  { vault }: ExchangerContext,
  tx: Tx,
  grant: GrantFacts,
  strike: OrphanStrike,
): Promise<boolean> {
  const stored = isSpentOnce(grant) ? await vault.openGrantTokens(tx, grant) : null;
  if (!stored?.previous) return false;
  const change = afterAdoption(grant, strike);
  const version = await changeGrant(tx, grant, change, { rotate: true, epoch: strike.epoch });
  if (version === undefined) return false;
  await vault.sealGrantTokens(tx, grant, version, { ...stored, refresh: stored.previous, previous: null });
  return true;
}
