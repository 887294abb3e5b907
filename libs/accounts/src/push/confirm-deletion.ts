import { createHash, randomBytes } from 'node:crypto';
import { newId, type Tx } from '#persistence';
import type { PushApp } from './push-apps.js';

/** 80 bits: nobody guesses one, and all that it opens is the word "done". */
const CODE_BYTES = 10;

const CONFIRM = `
  insert into data_deletions (id, workspace_id, environment, oauth_app_id, request_hash, confirmation_code)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (oauth_app_id, request_hash) do update set request_hash = excluded.request_hash
  returning confirmation_code as code`;

/** The code of a deletion that is done when this transaction is; the same request gets the same code. */
export async function confirmDeletion(tx: Tx, { id, tenant }: PushApp, request: Buffer): Promise<string> {
  const hash = createHash('sha256').update(request).digest();
  const code = randomBytes(CODE_BYTES).toString('hex').toUpperCase();
  const values = [newId(), tenant.workspaceId, tenant.environment, id, hash, code];
  const { rows } = await tx.query<{ code: string }>(CONFIRM, values);
  if (!rows[0]) throw new Error('a deletion was not recorded');
  return rows[0].code;
}
