import { Injectable } from '@nestjs/common';
import { CodedError } from '#observability';
import { Database, type Tenant } from '#persistence';

const REVOKE = `
  update api_keys set revoked_at = db_now()
   where workspace_id = $1 and environment = $2 and id = $3 and revoked_at is null`;

/** Ends a key for good: from the next request on, in every process. */
@Injectable()
export class RevokeApiKey {
  constructor(private readonly database: Database) {}

  async execute({ workspaceId, environment }: Tenant, id: string): Promise<void> {
    const { rowCount } = await this.database.pool.query(REVOKE, [workspaceId, environment, id]);
    if (rowCount === 0) throw new CodedError('api_key.not_found', 'There is no such API key.');
  }
}
