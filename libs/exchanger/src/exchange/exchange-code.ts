import type { Secret } from '#observability';
import { newId } from '#persistence/sql';
import type { ExchangerContext } from '../exchanger-context.js';
import { type AttemptAhead, intentOfAttempt, prepareCode, readApp, readAttempt, releaseUnsent } from '#tokens/store';
import type { CodeOutcome } from '#tokens';
import { CodeExchange } from './code-exchange.js';
import { runExchange } from './run-exchange.js';
import { untilStored } from './until-stored.js';

const OPEN = ['pending', 'failed'];

/** Exchanges a code for a token set. Asked again for the same attempt, it tells what became of it and sends nothing. */
export async function exchangeCode(context: ExchangerContext, attemptId: string, code: Secret): Promise<CodeOutcome> {
  const attempt = await readAttempt(context.pool, attemptId);
  if (!attempt) throw new Error(`the attempt ${attemptId} is not there, or its state was not spent`);
  return (await formerOutcome(context, attempt)) ?? send(context, attempt, code);
}

async function formerOutcome(
  context: ExchangerContext,
  { id, status }: AttemptAhead,
): Promise<CodeOutcome | undefined> {
  if (!OPEN.includes(status)) return { kind: 'exchanged' };
  return status === 'failed' || (await intentOfAttempt(context.pool, id)) ? { kind: 'lost' } : undefined;
}

async function send(context: ExchangerContext, attempt: AttemptAhead, code: Secret): Promise<CodeOutcome> {
  const app = await readApp(context.pool, attempt.oauthAppId);
  if (!app) throw new Error(`the app of the attempt ${attempt.id} is gone`);
  if (!context.journal.writable()) return { kind: 'unreachable' };
  const intentId = newId();
  try {
    await prepareCode(context.pool, intentId, { attemptId: attempt.id, holder: context.holder });
    context.at?.('W1');
    return await runExchange<CodeOutcome>(context, new CodeExchange(context, attempt, app, { intentId, code }));
  } catch (error) {
    void untilStored(context.logger, { intent: intentId }, () => releaseUnsent(context.pool, intentId));
    throw error;
  }
}
