import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DisconnectAccount } from '#accounts';
import { Secret } from '#observability';
import { newId, transaction } from '#persistence/sql';
import { Flow, REFUSED } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { ExchangeEngine } from './exchange-engine.js';
import type { ExchangerContext } from '../exchanger-context.js';
import { queueRevocation, type RevocableTokens, Vault } from '#tokens';
import { findActiveGrant } from '../store/active-grant.js';

let flow: Flow;

/** An exchange that signals its first request. */
function watched(context: ExchangerContext): { exchange: ExchangeEngine; left: Promise<void> } {
  let leave: () => void;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const send: ExchangerContext['client']['send'] = (...request) => {
    leave();
    return context.client.send(...request);
  };
  const client = Object.assign(Object.create(context.client) as ExchangerContext['client'], { send });
  return { exchange: new ExchangeEngine({ ...context, client }), left };
}

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
const orphans = () =>
  flow.many(
    'select intent_id from token_orphans join exchange_intents on id = intent_id join grants on grants.id = grant_id where workspace_id = $1',
    [flow.tenant.workspaceId],
  );
const revocations = async (): Promise<number> => (await flow.calls('revoke')).length;

/** The tokens of an account, in the form of a revocation. */
async function tokensOf(id: string): Promise<RevocableTokens> {
  const { id: grantId } = await grantOf(flow, id);
  const { oauthAppId, platformUserId } = await flow.one<{ oauthAppId: string; platformUserId: string }>(
    'select oauth_app_id as "oauthAppId", platform_user_id as "platformUserId" from grants where id = $1',
    [grantId],
  );
  const tokens = (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId }))!;
  const pair = { accessToken: tokens.access, refreshToken: tokens.refresh };
  return {
    ...flow.tenant,
    provider: 'x',
    oauthAppId,
    platformUserId,
    tokens: { ...pair, expiresIn: null, refreshExpiresIn: null, scopes: null },
  };
}

/** Stores the revocation of tokens: its id. */
const queue = async (tokens: RevocableTokens): Promise<string> =>
  (await transaction(flow.pool, (tx) => queueRevocation(flow.context(), tx, tokens)))!;
const revoke = async (tokens: RevocableTokens): Promise<boolean> => flow.exchange().revoke(await queue(tokens));
const pendingOutcomes = async (): Promise<(string | null)[]> =>
  (
    await flow.many<{ outcome: string | null }>(
      'select last_outcome as outcome from pending_revocations where workspace_id = $1',
      [flow.tenant.workspaceId],
    )
  ).map(({ outcome }) => outcome);

/** Puts a pair that the platform never gave into the place of the stored one. */
async function spoil(id: string, previous: Secret | null = null): Promise<void> {
  const grant = await grantOf(flow, id);
  const none = new Secret('unknown-token');
  await flow.get(Vault).sealGrantTokens(flow.pool, { ...flow.tenant, id: grant.id }, grant.version, {
    access: none,
    refresh: none,
    previous,
  });
}

/** Refreshes a grant whenever it is due, until it is refreshed or ended. */
async function refreshUntilEnded(id: string): Promise<void> {
  for (let sent = 0; sent < 20; sent += 1) {
    if ((await refresh(id)).kind === 'refreshed') return;
    const { state, dueIn } = await grantOf(flow, id);
    if (state === 'ended') return;
    await flow.pass(Math.max(dueIn, 0) + 1);
  }
}

/** An attempt of the app in that state; whose it is may be known. One that holds tokens got them just now. */
async function attempt(status: string, person: string | null, provider = 'x'): Promise<string> {
  await flow.start(provider);
  const { id } = await flow.one<{ id: string }>(
    'select id from connect_attempts where workspace_id = $1 order by id desc limit 1',
    [flow.tenant.workspaceId],
  );
  await flow.pool.query(
    'update connect_attempts set status = $2, platform_user_id = $3, spent_at = db_now(), exchanged_at = db_now() where id = $1',
    [id, status, person],
  );
  return id;
}

describe('a late pair', () => {
  it('is tried before any decision: where it is the valid one, the account stays active', async () => {
    const id = await flow.connect('x');
    expect(await revoke(await tokensOf(id))).toBe(false);
    expect(await orphans()).toHaveLength(1);
    await spoil(id);
    await flow.pass(102);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await orphans()).toEqual([]);
    expect(await grantOf(flow, id)).toMatchObject({ version: '2', sealedVersion: '2', strikes: 0 });
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect((await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked')).toEqual([]);
  });

  it('is tried once: refused as well, it is gone, and the strikes begin', async () => {
    const id = await flow.connect('x');
    await revoke(await tokensOf(id));
    await flow.pass(102);
    await flow.revoke();
    await refresh(id);
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    for (let sending = 0; sending < 2; sending += 1) expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await orphans()).toEqual([]);
    expect(await grantOf(flow, id)).toMatchObject({ strikes: 1, state: 'confirm' });
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    await refresh(id);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });

  it('does not replace a valid one that a platform refused by mistake', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const valid = await tokensOf(id);
    await spoil(id);
    await revoke(await tokensOf(id));
    const { version } = await grantOf(flow, id);
    const pair = { access: valid.tokens.accessToken, refresh: valid.tokens.refreshToken, previous: null };
    await flow.get(Vault).sealGrantTokens(flow.pool, { ...flow.tenant, id: grantId }, version, pair);
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', ...REFUSED });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await orphans()).toHaveLength(1);
    await flow.pass(16 * 60);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('takes the place of a token whose answer got lost', async () => {
    const id = await flow.connect('x');
    await revoke(await tokensOf(id));
    await spoil(id);
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', drop: 'before' });
    for (let strike = 1; strike <= 2; strike += 1) {
      expect(await refresh(id)).toEqual({ kind: 'refused' });
      expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
      if (strike === 1) await flow.pass(61);
      await acceptElsewhere(flow.pool);
    }
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});

describe('a late pair that is older than an accepted one', () => {
  it('is deleted by a refresh of the stored pair, so that it cannot replace a valid pair later', async () => {
    const id = await flow.connect('x');
    await revoke(await tokensOf(id));
    expect(await orphans()).toHaveLength(1);
    await flow.pass(102);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await orphans()).toEqual([]);
  });

  it('is deleted by a reconnect', async () => {
    const id = await flow.connect('x');
    await revoke(await tokensOf(id));
    expect(await flow.connect('x')).toBe(id);
    expect(await orphans()).toEqual([]);
  });

  it('stays if it arrived after the dispatch of the refresh: it may be the successor', async () => {
    const id = await flow.connect('x');
    const late = await tokensOf(id);
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', delay_ms: 800 });
    const refreshed = refresh(id);
    while ((await grantOf(flow, id)).state !== 'in_flight') await pause(10);
    await revoke(late);
    expect(await refreshed).toEqual({ kind: 'refreshed' });
    expect(await orphans()).toHaveLength(1);
  });
});

describe('a revoked grant without a retry left', () => {
  it('is refreshed with the token before the stored one, which a platform may have kept', async () => {
    const id = await flow.connect('x');
    const grant = await grantOf(flow, id);
    const stored = (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grant.id }))!;
    await spoil(id, stored.refresh);
    await flow.pass(102);
    await refreshUntilEnded(id);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('ends, if the token before the stored one is refused too', async () => {
    const id = await flow.connect('x');
    await spoil(id, new Secret('another-unknown-token'));
    await flow.pass(102);
    await refreshUntilEnded(id);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'ended', due: null });
    expect(await flow.healthOf(id)).toMatchObject(['needs_reauth', expect.any(String)]);
  });
});

describe('a token set that waits in an attempt', () => {
  it.each(['the same person', 'an unknown person'])(
    'a waiting set of %s postpones the decision, and no longer than it waits',
    async (whose) => {
      const id = await flow.connect('x');
      const { platformUserId } = await tokensOf(id);
      const waiting = await attempt('exchanged', whose === 'an unknown person' ? null : platformUserId);
      await flow.pass(102);
      await flow.revoke();
      await refresh(id);
      await flow.pass(61);
      await acceptElsewhere(flow.pool);
      await refresh(id);
      expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
      await flow.pool.query(`update connect_attempts set status = 'failed' where id = $1`, [waiting]);
      await flow.pass(61);
      await refresh(id);
      expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    },
  );
});

describe('tokens without a grant', () => {
  async function homeless(): Promise<RevocableTokens> {
    const id = await flow.connect('x');
    const tokens = await tokensOf(id);
    await flow.pool.query('delete from grant_tokens where grant_id = $1', [(await grantOf(flow, id)).id]);
    return tokens;
  }

  it('tokens are revoked where the person has no other grant at the app', async () => {
    expect(await revoke(await homeless())).toBe(true);
    expect(await revocations()).toBe(1);
  });

  it('become an orphan of the active grant, and are not revoked: that could end the grant', async () => {
    const id = await flow.connect('x');
    expect(await revoke(await tokensOf(id))).toBe(false);
    expect(await revocations()).toBe(0);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    expect(await orphans()).toEqual([]);
    // No caller waits for the revocation after a disconnect, but the next test counts requests.
    while ((await revocations()) === 0) await pause(20);
  });

  it.each(['exchanged', 'selection_required', 'pending'])(
    "tokens are not revoked while an attempt is %s that may be the same person's",
    async (status) => {
      const tokens = await homeless();
      await attempt(status, null);
      expect(await revoke(tokens)).toBe(false);
      expect(await revocations()).toBe(0);
      expect(await pendingOutcomes()).toEqual(['consent_pending']);
    },
  );

  it('tokens are revoked while another person chooses, or another app is used', async () => {
    const tokens = await homeless();
    await attempt('selection_required', newId());
    await attempt('exchanged', null, 'tiktok');
    expect(await revoke(tokens)).toBe(true);
  });

  it('put a consent to the proof that came while they were being revoked', async () => {
    const tokens = await homeless();
    await flow.fault({ endpoint: 'revoke', delay_ms: 1_500, status: 200, body: {} });
    const { exchange, left } = watched(flow.context());
    const revoking = exchange.revoke(await queue(tokens));
    await left;
    const id = await flow.connect('x');
    expect(await revoking).toBe(true);
    const { clientId } = await flow.one<{ clientId: string }>(
      'select client_id as "clientId" from oauth_apps where id = $1',
      [tokens.oauthAppId],
    );
    expect(await findActiveGrant(flow.pool, { ...tokens, clientId })).toBeDefined();
    const { due } = await flow.one<{ due: boolean }>(
      'select probe_due_at <= db_now() as due from accounts where id = $1',
      [id],
    );
    expect(due).toBe(true);
  });
});

describe('a refusal under an open breaker', () => {
  it('is no strike', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', ...REFUSED });
    const context = flow.context();
    const { gate } = context;
    context.gate = {
      enter: (request) => gate.enter(request),
      lift: () => undefined,
      isBreakerClosed: () => false,
      breakerClosedFor: () => 0,
    };
    try {
      expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    } finally {
      context.gate = gate;
    }
    expect(await flow.healthOf(id)).toEqual(['degraded', 'provider_unavailable']);
    expect(await grantOf(flow, id)).toMatchObject({ strikes: 0, state: 'backoff' });
  });
});
