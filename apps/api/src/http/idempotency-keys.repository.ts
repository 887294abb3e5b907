import { Injectable } from '@nestjs/common';
import { BodyDigests } from '#crypto';
import { Database, newId, type Tx } from '#persistence';
import type { IdempotentRequest } from './idempotency-key.js';
import { keyReused, secretShownOnce, stillRunning } from './idempotency.errors.js';

/** The answer of a request that was done: JSON. */
export interface KeptAnswer {
  status: number;
  answer: string;
}

/** Either the request is ours to carry out, under this hold, or it was done before. */
export type Claimed = { hold: string } | { kept: KeptAnswer };

/** A day old is as good as new; what runs for a minute has died with its process. */
const TAKE = `
  insert into idempotency_keys (id, workspace_id, environment, credential, method, path, key, body_hash)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (workspace_id, environment, credential, method, path, key) do update
    set id = excluded.id, body_hash = excluded.body_hash, state = 'running', status = null, answer = null, created_at = db_now()
    where idempotency_keys.created_at <= db_now() - interval '24 hours'
      or (idempotency_keys.state = 'running' and idempotency_keys.body_hash = $9
        and idempotency_keys.created_at <= db_now() - interval '60 seconds')`;

const FIND = `
  select body_hash as "bodyHash", state, status, answer,
    state = 'running' and created_at <= db_now() - interval '60 seconds' as "isAbandoned" from idempotency_keys
  where workspace_id = $1 and environment = $2 and credential = $3 and method = $4 and path = $5 and key = $6`;

const KEEP = `update idempotency_keys set state = 'done', status = $2, answer = $3 where id = $1 and state = 'running'`;
const RELEASE = `delete from idempotency_keys where id = $1 and state = 'running'`;

interface Row {
  bodyHash: Buffer;
  state: 'running' | 'done';
  status: number;
  answer: string | null;
  isAbandoned: boolean;
}

/** Which request holds which key, and what it was answered. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly database: Database,
    private readonly digests: BodyDigests,
  ) {}

  /** Throws idempotency.key_reused, idempotency.running and idempotency.secret_shown_once. */
  async claim(request: IdempotentRequest): Promise<Claimed> {
    const { workspaceId, environment, credential, method, path, key, body } = request;
    const place = [workspaceId, environment, credential, method, path, key];
    const hold = newId();
    const take = async (known: Buffer): Promise<boolean> =>
      (await this.database.pool.query(TAKE, [hold, ...place, this.digests.write(body), known])).rowCount === 1;
    if (await take(this.digests.write(body))) return { hold };
    const {
      rows: [row],
    } = await this.database.pool.query<Row>(FIND, place);
    if (row && !this.digests.isOf(row.bodyHash, body)) throw keyReused();
    // A digest under another master key is this body's too.
    if (row?.isAbandoned && (await take(row.bodyHash))) return { hold };
    return { kept: keptIn(row) };
  }

  /** Keeps the answer; in the transaction of what was done, where `tx` is that. Throws when the hold was lost meanwhile. */
  async keep(hold: string, status: number, answer: string | null, tx: Tx = this.database.pool): Promise<void> {
    const { rowCount } = await tx.query(KEEP, [hold, status, answer]);
    if (rowCount !== 1) throw stillRunning();
  }

  /** Forgets a request that is as good as never made. */
  async release(hold: string): Promise<void> {
    await this.database.pool.query(RELEASE, [hold]);
  }
}

function keptIn(row: Row | undefined): KeptAnswer {
  if (row?.state !== 'done') throw stillRunning();
  if (row.answer === null) throw secretShownOnce();
  return { status: row.status, answer: row.answer };
}
