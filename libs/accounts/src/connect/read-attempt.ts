import { Injectable } from '@nestjs/common';
import { digest, isOurState, Keyring } from '#crypto';
import {
  type AttemptRow,
  type AttemptStatus,
  type Candidate,
  Database,
  findAttempts,
  Gathered,
  type Tenant,
} from '#persistence';
import { attemptNotFound } from '../accounts.errors.js';
import { withoutFragment } from './read-callback.js';

export interface ReadAttemptInput {
  tenant: Tenant;
  createdBy: string;
  state: string;
}

export interface AttemptRecord {
  state: string;
  status: Exclude<AttemptStatus, 'exchanged'>;
  accountIds: string[];
  candidates: Candidate[] | null;
  error: string | null;
  /** The platform's own code, where it refused something. */
  platformCode: string | null;
  provider: string;
  expiresAt: Date;
}

/** Reads an attempt for the credential that started it; polls share a statement. Throws attempt.not_found for any other. */
@Injectable()
export class ReadAttempt {
  readonly #attempts: Gathered<Buffer, AttemptRow | undefined>;

  constructor(
    database: Database,
    private readonly keyring: Keyring,
  ) {
    this.#attempts = new Gathered((hashes) => findAttempts(database.pool, hashes), database.pool);
  }

  async execute(input: ReadAttemptInput): Promise<AttemptRecord> {
    return recordOf(await this.find(input), input.state);
  }

  /** The attempt of a state, if this credential started it in this environment. */
  async find({ tenant, createdBy, state: text }: ReadAttemptInput): Promise<AttemptRow> {
    const state = withoutFragment(text);
    const attempt = isOurState(this.keyring, state) ? await this.#attempts.load(digest(state)) : undefined;
    if (!attempt || attempt.createdBy !== createdBy || attempt.environment !== tenant.environment)
      throw attemptNotFound();
    return attempt;
  }
}

/** The record of an attempt; `changes`: what the caller's transaction has changed in it. */
export function recordOf(attempt: AttemptRow, state: string, changes: Partial<AttemptRecord> = {}): AttemptRecord {
  const { accountIds, candidates, platformCode, provider, expiresAt } = attempt;
  const record = { state: withoutFragment(state), ...statusOf(attempt), platformCode };
  return { ...record, accountIds, candidates, provider, expiresAt, ...changes };
}

/** An expired attempt without a callback or the caller's decision reads as failed. One that waits for the platform is still open. */
function statusOf({ status, error, expired, spent }: AttemptRow): Pick<AttemptRecord, 'status' | 'error'> {
  const waitsForCaller = status === 'selection_required' || status === 'confirmation_required';
  const abandoned = (status === 'pending' && !spent) || waitsForCaller;
  if (abandoned && expired) return { status: 'failed', error: 'state_expired' };
  return { status: status === 'exchanged' ? 'pending' : status, error };
}
