import { newId } from './ids.js';
import type { Tenant } from './tenant.js';
import type { Tx } from './tx.js';

/**
 * The only module that writes `idempotency_keys`. A row is `running` from the first request until its answer is stored
 * (`done`); a request that failed deletes it. A row older than 24 hours counts for nothing.
 */
export interface IdempotencyPlace extends Tenant {
  credential: string;
  method: string;
  path: string;
  key: string;
}

export interface StoredRequest {
  bodyHash: Buffer;
  state: 'running' | 'done';
  status: number;
  answer: string | null;
  /** `running` for longer than a request takes: its process has ended. */
  isAbandoned: boolean;
}

const CLAIM = `
  insert into idempotency_keys (id, workspace_id, environment, credential, method, path, key, body_hash)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (workspace_id, environment, credential, method, path, key) do update
    set id = excluded.id, body_hash = excluded.body_hash, state = 'running', status = null, answer = null, created_at = db_now()
    where idempotency_keys.created_at <= db_now() - interval '24 hours'
      or (idempotency_keys.state = 'running' and idempotency_keys.body_hash = $9
        and idempotency_keys.created_at <= db_now() - interval '60 seconds')`;

const valuesOf = ({ workspaceId, environment, credential, method, path, key }: IdempotencyPlace): unknown[] => [
  workspaceId,
  environment,
  credential,
  method,
  path,
  key,
];

/**
 * Claims a key for a request and returns the id of the claim; undefined where another request holds or held it. An abandoned
 * claim is taken over if its body has the hash `known`.
 */
export async function claimIdempotencyKey(
  tx: Tx,
  place: IdempotencyPlace,
  { bodyHash, known }: { bodyHash: Buffer; known: Buffer },
): Promise<string | undefined> {
  const id = newId();
  const { rowCount } = await tx.query(CLAIM, [id, ...valuesOf(place), bodyHash, known]);
  return rowCount === 1 ? id : undefined;
}

export async function findIdempotentRequest(tx: Tx, place: IdempotencyPlace): Promise<StoredRequest | undefined> {
  const { rows } = await tx.query<StoredRequest & Record<string, unknown>>(
    `select body_hash as "bodyHash", state, status, answer,
       state = 'running' and created_at <= db_now() - interval '60 seconds' as "isAbandoned" from idempotency_keys
     where workspace_id = $1 and environment = $2 and credential = $3 and method = $4 and path = $5 and key = $6`,
    valuesOf(place),
  );
  return rows[0];
}

/** → `done`; an answer that is stored already is replaced. False: the claim was taken over. */
export async function storeIdempotentAnswer(
  tx: Tx,
  claim: string,
  status: number,
  answer: string | null,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update idempotency_keys set state = 'done', status = $2, answer = $3 where id = $1`,
    [claim, status, answer],
  );
  return rowCount === 1;
}

/** Deletes a claim whose request failed, so that the request can be repeated. */
export async function releaseIdempotencyKey(tx: Tx, claim: string): Promise<void> {
  await tx.query(`delete from idempotency_keys where id = $1 and state = 'running'`, [claim]);
}

/** Deletes at most `limit` keys 24 hours after their request. Returns how many. */
export async function deleteOldIdempotencyKeys(tx: Tx, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from idempotency_keys where id in (
       select id from idempotency_keys where created_at <= db_now() - interval '24 hours' order by created_at limit $1)`,
    [limit],
  );
  return rowCount ?? 0;
}
