import { Injectable } from '@nestjs/common';
import { CodedError } from '#observability';
import { Database, type Tenant, transaction } from '#persistence';

/** Waits for transactions that make keys in this workspace, so that the next statement sees their keys. */
const LOCK_OUT_NEW_KEYS = 'select id from workspaces where id = $1 for no key update';

const REVOKE = `
  with recursive revoked as (
    select id from api_keys where workspace_id = $1 and environment = $2 and id = $3 and revoked_at is null
    union all
    select made.id from api_keys made join revoked on made.created_by = revoked.id
  )
  update api_keys set revoked_at = db_now() where id in (select id from revoked) and revoked_at is null`;

/** Revokes a key and, recursively, the keys it made: from the next request on, in every process. */
@Injectable()
export class RevokeApiKey {
  constructor(private readonly database: Database) {}

  /** Throws api_key.not_found, also for a key of another tenant and for a revoked key. */
  async execute({ workspaceId, environment }: Tenant, id: string): Promise<void> {
    const revoked = await transaction(this.database.pool, async (tx) => {
      await tx.query(LOCK_OUT_NEW_KEYS, [workspaceId]);
      const { rowCount } = await tx.query(REVOKE, [workspaceId, environment, id]);
      return rowCount ?? 0;
    });
    if (revoked === 0) throw new CodedError('api_key.not_found', 'There is no such API key.');
  }
}
