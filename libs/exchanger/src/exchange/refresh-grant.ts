import { SealBroken } from '#crypto';
import { newId, transaction } from '#persistence/sql';
import type { Pass, Refusal, Wish } from '../gate/gate.js';
import { afterFailure, type GrantFacts } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { type Claim, claimOf, readIntent, releaseClaim } from '#tokens/store';
import { type GrantAhead, readAhead } from '../store/wishes.js';
import { renewProfiles } from './renew-profiles.js';
import type { RefreshOutcome } from '#tokens';
import { claimAndOpen, prepareRefresh } from './prepare-refresh.js';
import { RefreshExchange } from './refresh-exchange.js';
import { runExchange } from './run-exchange.js';
import { settle } from './store-settlement.js';
import { untilStored } from './until-stored.js';

/** One refresh of one grant: gate, claim, look again, exchange. `busy`: another process has it. */
export async function refreshGrant(
  context: ExchangerContext,
  grantId: string,
  forced: boolean,
): Promise<RefreshOutcome | 'busy'> {
  const outcome = await refreshOnce(context, grantId, forced);
  if (outcome !== 'lost') return outcome;
  // An answer that got lost is asked for once more before any other work: a grace period is short.
  const again = await refreshOnce(context, grantId, false);
  return again === 'lost' ? { kind: 'unavailable', retryAfter: 60 } : again;
}

type Outcome = RefreshOutcome | 'busy' | 'lost';

async function refreshOnce(context: ExchangerContext, grantId: string, forced: boolean): Promise<Outcome> {
  const ahead = await readAhead(context.pool, grantId, forced);
  if (!ahead) return { kind: 'nothing_to_do' };
  const nothing = nothingToSend(ahead, forced);
  if (nothing) return nothing;
  const pass = await enter(context, ahead);
  return pass.kind === 'closed'
    ? { kind: 'unavailable', retryAfter: pass.retryAfter }
    : send(context, ahead, { forced, pass });
}

function nothingToSend({ state, due }: GrantAhead, forced: boolean): RefreshOutcome | 'busy' | undefined {
  if (state === 'ended') return { kind: 'refused' };
  if (state === 'claimed' || state === 'in_flight') return 'busy';
  return forced || due ? undefined : { kind: 'nothing_to_do' };
}

const FREE: Pass = { kind: 'pass', leave: () => undefined };

const hasApp = (ahead: GrantAhead): ahead is GrantAhead & Wish => ahead.appId !== null;

/** A grant without an app needs no pass: it will send nothing. */
function enter(context: ExchangerContext, ahead: GrantAhead): Pass | Refusal | Promise<Pass | Refusal> {
  if (!context.journal.writable()) return { kind: 'closed', why: 'full', retryAfter: 5 };
  return hasApp(ahead) ? context.gate.enter(ahead) : FREE;
}

async function send(
  context: ExchangerContext,
  ahead: GrantAhead,
  { forced, pass }: { forced: boolean; pass: Pass },
): Promise<Outcome> {
  const intentId = newId();
  let exchange: RefreshExchange | undefined;
  try {
    const { claim, ...opened } = await claimAndOpen(context, ahead, { holder: context.holder, forced, intentId });
    if (!claim) return 'busy';
    context.at?.('W1');
    const prepared = await prepareRefresh(context, claim, opened);
    if ('kind' in prepared) return prepared;
    exchange = new RefreshExchange(context, prepared);
    return await exchangeAndRenew(context, exchange, claim);
  } catch (error) {
    void letGo(context, intentId, error instanceof SealBroken);
    throw error;
  } finally {
    leave(pass, exchange);
  }
}

async function exchangeAndRenew(
  context: ExchangerContext,
  exchange: RefreshExchange,
  { grant }: Claim,
): Promise<Outcome> {
  const outcome = await runExchange<RefreshOutcome | 'lost'>(context, exchange);
  if (outcome !== 'lost' && outcome.kind === 'refreshed') await tryToRenew(context, grant);
  return outcome;
}

/** The refresh is stored by now, whatever becomes of the profiles: the next one walks them again. */
async function tryToRenew(context: ExchangerContext, grant: GrantFacts): Promise<void> {
  try {
    await renewProfiles(context, grant);
  } catch (error) {
    context.logger.warn({ err: error, grant: grant.id }, 'the profiles of a renewed grant were not walked');
  }
}

/** Nothing can be sent with what does not open; the access token may be served all the same, so that nothing is said of the account until it ends. */
const SEALED = { class: 'app', reason: 'token_unrefreshable', code: 'seal_broken' } as const;

/**
 * A database that went away in between may have stored the claim all the same: it is given back as soon as it is there again.
 * Where a seal is broken the next try has time.
 */
async function letGo(context: ExchangerContext, intentId: string, broken: boolean): Promise<void> {
  await untilStored(context.logger, { intent: intentId }, async () => {
    const intent = await readIntent(context.pool, intentId);
    const claim = intent?.state === 'prepared' ? await claimOf(context.pool, intent) : undefined;
    if (claim && broken)
      await settle(context, claim, 'released', (now) =>
        afterFailure(claim.grant, SEALED, { now, random: context.random }),
      );
    else if (claim) await transaction(context.pool, (tx) => releaseClaim(tx, claim));
  });
}

function leave(pass: Pass, exchange: RefreshExchange | undefined): void {
  if (exchange) pass.leave(exchange.passage, exchange.isNews);
  else pass.leave('unsent');
}
