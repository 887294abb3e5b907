import { Injectable } from '@nestjs/common';
import { digest, isOurState, Keyring } from '#crypto';
import { Database, type Tenant } from '#persistence';
import { attemptNotFound } from '../accounts.errors.js';
import { type AttemptRow, findAttempt } from './attempt-row.js';

export interface ReadAttemptInput {
  tenant: Tenant;
  createdBy: string;
  state: string;
}

export interface AttemptRecord {
  state: string;
  status: 'pending' | 'completed' | 'failed';
  accountIds: string[];
  candidates: unknown[] | null;
  error: string | null;
  provider: string;
  expiresAt: Date;
}

/** The truth about an attempt, for the credential that started it; throws attempt.not_found to all others. */
@Injectable()
export class ReadAttempt {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  async execute({ tenant, createdBy, state }: ReadAttemptInput): Promise<AttemptRecord> {
    const attempt = isOurState(this.keyring, state) ? await findAttempt(this.database.pool, digest(state)) : undefined;
    if (!attempt || attempt.createdBy !== createdBy || attempt.environment !== tenant.environment) throw attemptNotFound();
    return { state, ...statusOf(attempt), accountIds: attempt.accountIds, candidates: null, provider: attempt.provider, expiresAt: attempt.expiresAt };
  }
}

/** An open one that nobody came back with reads as failed; one that waits for the platform is still open. */
function statusOf({ status, error, expired, spent }: AttemptRow): Pick<AttemptRecord, 'status' | 'error'> {
  if (status === 'pending' && expired && !spent) return { status: 'failed', error: 'state_expired' };
  return { status: status === 'exchanged' ? 'pending' : status, error };
}
