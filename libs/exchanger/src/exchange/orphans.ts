import { newId, type Tx } from '#persistence/sql';
import { providerOf, type TokenSet } from '#providers';
import {
  accessLife,
  afterAdoption,
  endOfLife,
  type GrantChange,
  type GrantFacts,
  type ApiCheck,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { changeGrant, noteKeptPair, reportBrokenSeal } from '#tokens/store';

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
}

/**
 * Replaces the stored pair of a refused grant by its newest orphan, which is due at once; each orphan is tried once. An
 * access token that the API still accepts stays. False: there is no orphan, or the version of the grant has changed.
 */
export async function adoptOrphan(
  context: ExchangerContext,
  tx: Tx,
  grant: GrantFacts,
  strike: OrphanStrike,
): Promise<boolean> {
  const { rows } = await tx.query<{ intentId: string; receivedAt: Date }>(NEWEST, [grant.id]);
  const [orphan] = rows;
  if (!orphan) return false;
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

/** Keeps a pair as an orphan where revoking it could end this grant too. */
export async function keepAsOrphan(
  context: ExchangerContext,
  tx: Tx,
  grant: GrantFacts,
  tokens: TokenSet,
): Promise<void> {
  if (tokens.refreshToken === null && grant.mode !== 'extend_self') return;
  const intentId = newId();
  await noteKeptPair(tx, intentId, { grantId: grant.id, tokenVersion: grant.tokenVersion, holder: context.holder });
  const pair = { ...tokens, expiresIn: null, refreshExpiresIn: null, scopes: null };
  await context.vault.sealOrphan(tx, { ...grant, id: intentId }, pair);
}
