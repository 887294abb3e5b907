import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { Database, transaction, type Tx } from '#persistence';
import type { Failure, Identity } from '#providers';
import { type ExchangedAttempt, identifyAttempt, type RevocableTokens, type Room, type TokenExchange } from '#tokens';
import { ROOM, TOKEN_EXCHANGE } from '../injection.js';
import { ATTEMPT_COLUMNS, type AttemptRow } from './attempt-row.js';
import { type AttemptError, failAttempt } from './fail-attempt.js';
import { storeConnection } from './store-connection.js';

/** `later`: the platform could not say whose the token set is; it stays sealed and the sweep asks again. */
export type Finished = { kind: 'completed'; accountIds: string[] } | { kind: 'failed'; error: AttemptError } | { kind: 'later' };

const READ = `select ${ATTEMPT_COLUMNS} from connect_attempts where id = $1`;

/** The second half of connecting: whose token set is it, and which account does it make or renew. Safe to run twice. */
@Injectable()
export class FinishAttempt {
  constructor(
    private readonly database: Database,
    @Inject(ROOM) private readonly room: Room,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(attemptId: string): Promise<Finished> {
    const { rows } = await this.database.pool.query<AttemptRow>(READ, [attemptId]);
    const attempt = rows[0];
    if (!attempt || !isExchanged(attempt)) return ended(attempt);
    const identity = await identifyAttempt(this.room, attempt);
    if (!identity) return { kind: 'later' };
    if (identity.ok) return this.store(attempt, identity.identity);
    this.logger.warn({ attempt: attemptId, code: identity.failure.code }, 'the platform did not say whose a token set is');
    if (identity.failure.class === 'temporary') return { kind: 'later' };
    return this.fail(attempt, REASONS[identity.failure.class] ?? 'exchange_failed');
  }

  private async store(attempt: AttemptRow & ExchangedAttempt, identity: Identity): Promise<Finished> {
    const stored = await transaction(this.database.pool, async (tx) => {
      return (await isOpen(tx, attempt.id)) ? storeConnection(this.room, tx, attempt, identity) : undefined;
    });
    if (stored?.revocable) await this.revoke(stored.revocable);
    return stored ? { kind: 'completed', accountIds: stored.accountIds } : this.execute(attempt.id);
  }

  private async fail(attempt: AttemptRow, error: AttemptError): Promise<Finished> {
    await transaction(this.database.pool, (tx) => failAttempt(tx, this.room.vault, attempt, error));
    return { kind: 'failed', error };
  }

  private async revoke(tokens: RevocableTokens): Promise<void> {
    await this.exchange.revoke(tokens).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'could not revoke a grant that is no longer used');
    });
  }
}

/** Why nobody could be named, where it is more than a code that led nowhere. */
const REASONS: Partial<Record<Failure['class'], AttemptError>> = { app: 'app_misconfigured', permission: 'missing_permissions' };

const isExchanged = (attempt: AttemptRow): attempt is AttemptRow & ExchangedAttempt =>
  attempt.status === 'exchanged' && attempt.exchangedAt !== null;

function ended(attempt: AttemptRow | undefined): Finished {
  if (attempt?.status === 'completed') return { kind: 'completed', accountIds: attempt.accountIds };
  return { kind: 'failed', error: (attempt?.error ?? 'server_error') as AttemptError };
}

/** Of two that finish the same attempt, the second one waits here and then finds it done. */
async function isOpen(tx: Tx, attemptId: string): Promise<boolean> {
  const { rows } = await tx.query(`select 1 from connect_attempts where id = $1 and status = 'exchanged' for update`, [attemptId]);
  return rows.length > 0;
}
