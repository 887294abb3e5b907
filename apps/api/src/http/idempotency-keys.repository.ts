import { Injectable } from '@nestjs/common';
import { BodyDigests } from '#crypto';
import {
  claimIdempotencyKey,
  Database,
  findIdempotentRequest,
  releaseIdempotencyKey,
  type StoredRequest,
  storeIdempotentAnswer,
  type Tx,
} from '#persistence';
import type { IdempotentRequest } from './idempotency-key.js';
import { keyReused, secretShownOnce, stillRunning } from './idempotency.errors.js';

/** The stored answer of a request, as JSON. */
export interface KeptAnswer {
  status: number;
  answer: string;
}

/** Either a hold, under which the request runs now, or the stored answer of its first run. */
export type Claimed = { hold: string } | { kept: KeptAnswer };

/** Idempotency keys, the requests that hold them, and their answers. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly database: Database,
    private readonly digests: BodyDigests,
  ) {}

  /** Throws idempotency.key_reused, idempotency.running and idempotency.secret_shown_once. */
  async claim(request: IdempotentRequest): Promise<Claimed> {
    const { pool } = this.database;
    const bodyHash = this.digests.write(request.body);
    const hold = await claimIdempotencyKey(pool, request, { bodyHash, known: bodyHash });
    if (hold !== undefined) return { hold };
    const stored = await findIdempotentRequest(pool, request);
    if (stored && !this.digests.isOf(stored.bodyHash, request.body)) throw keyReused();
    if (!stored?.isAbandoned) return { kept: keptIn(stored) };
    // A digest under an earlier master key belongs to the same body.
    const takenOver = await claimIdempotencyKey(pool, request, { bodyHash, known: stored.bodyHash });
    return takenOver === undefined ? { kept: keptIn(stored) } : { hold: takenOver };
  }

  /** Stores the answer, in the transaction `tx` of the change. Throws when the hold was taken over meanwhile. */
  async keep(hold: string, status: number, answer: string | null, tx: Tx = this.database.pool): Promise<void> {
    if (!(await storeIdempotentAnswer(tx, hold, status, answer))) throw stillRunning();
  }

  /** Allows a failed request to run again. */
  async release(hold: string): Promise<void> {
    await releaseIdempotencyKey(this.database.pool, hold);
  }
}

function keptIn(row: StoredRequest | undefined): KeptAnswer {
  if (row?.state !== 'done') throw stillRunning();
  if (row.answer === null) throw secretShownOnce();
  return { status: row.status, answer: row.answer };
}
