import pRetry from 'p-retry';
import type { Secret } from '#observability';
import { newId, type Tenant, transaction, type Tx } from '#persistence';
import { type PlatformAnswer, type PlatformRequest, providerOf, readTokenAnswer, type TokenOutcome, type TokenSet } from '#providers';
import { API_DEADLINE, NotSent, TOKEN_DEADLINE } from '../platform-client.js';
import type { Room } from '../room.js';
import { type AppRow, blameApp, clearApp, openApp, readApp } from '../store/apps.js';
import { endIntent } from '../store/claims.js';
import type { CodeOutcome } from '../token-exchange.js';
import { untilStored } from './until-stored.js';

/** The attempt as the exchange sees it. */
interface AttemptRow extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  redirectUri: string;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId", redirect_uri as "redirectUri"
  from connect_attempts where id = $1 and status = 'pending' and spent_at is not null`;

const DISPATCH = `
  insert into exchange_intents (id, kind, attempt_id, holder, state, dispatched_at) values ($1, 'code', $2, $3, 'dispatched', db_now())`;

/** Exchanges a code for a token set, which is sealed into the attempt before anything is made of it. Sent once, never again. */
export async function exchangeCode(room: Room, attemptId: string, code: Secret): Promise<CodeOutcome> {
  const { rows } = await room.pool.query<AttemptRow>(READ, [attemptId]);
  const attempt = rows[0];
  const app = attempt && (await readApp(room.pool, attempt.oauthAppId));
  if (!attempt || !app) throw new Error(`the attempt ${attemptId} has nothing to exchange`);
  const request = await buildRequest(room, attempt, app, code);
  const intentId = newId();
  await room.pool.query(DISPATCH, [intentId, attemptId, room.holder]);
  const answer = await send(room, attempt, request);
  if (typeof answer === 'object') return settle(room, { attempt, app, intentId }, await read(room, attempt, app, answer));
  await endIntent(room.pool, intentId, answer === 'lost' ? 'unknown' : 'released');
  return { kind: answer };
}

async function buildRequest(room: Room, attempt: AttemptRow, app: AppRow, code: Secret): Promise<PlatformRequest> {
  const { authorize, token } = providerOf(attempt.provider);
  const { redirectUri } = attempt;
  const verifier = authorize.pkce(redirectUri) ? await room.vault.openVerifier(room.pool, attempt) : null;
  return token.exchange({ app: await openApp(room.pool, room.vault, app), code, redirectUri, verifier });
}

async function send(room: Room, attempt: AttemptRow, request: PlatformRequest): Promise<PlatformAnswer | 'lost' | 'unreachable'> {
  try {
    return await room.client.send(request, { environment: attempt.environment, within: TOKEN_DEADLINE });
  } catch (error) {
    room.logger.warn({ err: error, attempt: attempt.id }, 'no answer to a code');
    return error instanceof NotSent ? 'unreachable' : 'lost';
  }
}

interface Exchange {
  attempt: AttemptRow;
  app: AppRow;
  intentId: string;
}

/** Reads the answer, and takes the second step where the platform has one: its first token lives for an hour only. */
async function read(room: Room, attempt: AttemptRow, app: AppRow, answer: PlatformAnswer): Promise<TokenOutcome> {
  const provider = providerOf(attempt.provider);
  const first = readTokenAnswer(provider, answer);
  if (!first.ok || !provider.token.prolong) return first;
  const request = provider.token.prolong({ app: await openApp(room.pool, room.vault, app), accessToken: first.tokens.accessToken });
  try {
    const second = await pRetry(() => room.client.send(request, { environment: attempt.environment, within: API_DEADLINE }), { retries: 2 });
    const outcome = readTokenAnswer(provider, second);
    return outcome.ok ? { ok: true, tokens: { ...outcome.tokens, scopes: outcome.tokens.scopes ?? first.tokens.scopes } } : outcome;
  } catch {
    return { ok: false, failure: { class: 'temporary', reason: 'provider_unavailable', code: 'not_prolonged' } };
  }
}

function settle(room: Room, { attempt, app, intentId }: Exchange, outcome: TokenOutcome): Promise<CodeOutcome> {
  return pRetry(
    () =>
      transaction(room.pool, async (tx) => {
        if (outcome.ok) await keep(room, tx, { attempt, app, intentId }, outcome.tokens);
        else if (outcome.failure.class === 'app') await blameApp(tx, app, outcome.failure);
        await endIntent(tx, intentId, outcome.ok ? 'committed' : 'answered', outcome.ok ? null : outcome.failure.code);
        return outcome.ok ? { kind: 'exchanged' } : { kind: 'refused', failure: outcome.failure };
      }),
    untilStored(room.logger, { attempt: attempt.id }),
  );
}

async function keep(room: Room, tx: Tx, { attempt, app }: Exchange, tokens: TokenSet): Promise<void> {
  await clearApp(tx, app);
  await room.vault.sealAttemptTokens(tx, attempt, tokens);
  await tx.query(`update connect_attempts set status = 'exchanged', exchanged_at = db_now() where id = $1`, [attempt.id]);
}
