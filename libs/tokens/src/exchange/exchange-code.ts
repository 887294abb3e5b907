import type { Secret } from '#observability';
import { newId } from '#persistence/sql';
import type { Room } from '../room.js';
import { readApp } from '../store/apps.js';
import { type AttemptAhead, readAttempt } from '../store/attempts.js';
import { intentOfAttempt, prepareCode, releaseUnsent } from '../store/intents.js';
import type { CodeOutcome } from '../token-exchange.js';
import { CodeExchange } from './code-exchange.js';
import { runExchange } from './run-exchange.js';
import { untilStored } from './until-stored.js';

const OPEN = ['pending', 'failed'];

/** Exchanges a code for a token set. Asked again for the same attempt, it tells what became of it and sends nothing. */
export async function exchangeCode(room: Room, attemptId: string, code: Secret): Promise<CodeOutcome> {
  const attempt = await readAttempt(room.pool, attemptId);
  if (!attempt) throw new Error(`the attempt ${attemptId} is not there, or its state was not spent`);
  return (await formerOutcome(room, attempt)) ?? send(room, attempt, code);
}

async function formerOutcome(room: Room, { id, status }: AttemptAhead): Promise<CodeOutcome | undefined> {
  if (!OPEN.includes(status)) return { kind: 'exchanged' };
  return status === 'failed' || (await intentOfAttempt(room.pool, id)) ? { kind: 'lost' } : undefined;
}

async function send(room: Room, attempt: AttemptAhead, code: Secret): Promise<CodeOutcome> {
  const app = await readApp(room.pool, attempt.oauthAppId);
  if (!app) throw new Error(`the app of the attempt ${attempt.id} is gone`);
  if (!room.journal.writable()) return { kind: 'unreachable' };
  const intentId = newId();
  try {
    await prepareCode(room.pool, intentId, { attemptId: attempt.id, holder: room.holder });
    room.at?.('W1');
    return await runExchange<CodeOutcome>(room, new CodeExchange(room, attempt, app, { intentId, code }));
  } catch (error) {
    void untilStored(room.logger, { intent: intentId }, () => releaseUnsent(room.pool, intentId));
    throw error;
  }
}
