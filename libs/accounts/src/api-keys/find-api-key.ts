import { Inject, Injectable } from '@nestjs/common';
import { digest } from '#crypto';
import { type Logger, LOGGER } from '#observability';
import { Database, type Environment, Gathered, type RateLimits, type Tenant, type Tx } from '#persistence';
import type { ApiScope } from './api-scopes.js';

/** The rights of a valid key. */
export interface ApiKeyRights {
  id: string;
  tenant: Tenant;
  scopes: ApiScope[];
  /** Where attempts of the projects surface may return to. */
  returnHosts: string[];
  /** Requests a minute, where they differ from the defaults. */
  rateLimits: RateLimits | null;
}

interface Row {
  key_hash: Buffer;
  id: string;
  workspace_id: string;
  environment: Environment;
  scopes: ApiScope[];
  return_hosts: string[];
  rate_limits: RateLimits | null;
  is_use_old: boolean;
}

const FIND = `
  select key_hash, id, workspace_id, environment, scopes, return_hosts, rate_limits,
         coalesce(last_used_at < db_now() - interval '1 minute', true) as is_use_old
    from api_keys
   where key_hash = any($1) and revoked_at is null and (expires_at is null or expires_at > db_now())`;

/** `last_used_at` is exact to the minute: a write for every request would cost more than its precision is worth. */
const RECORD_USE = `
  update api_keys set last_used_at = db_now() where id = (
    select id from api_keys where id = $1 and (last_used_at is null or last_used_at < db_now() - interval '1 minute')
    for update skip locked)`;

/**
 * Finds the rights of a key. There is no cache, so a revocation takes effect with the next request, in every process: requests
 * share a statement only if it begins after them.
 */
@Injectable()
export class FindApiKey {
  readonly #found: Gathered<Buffer, Row | undefined>;

  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#found = new Gathered((hashes) => readKeys(database.pool, hashes), database.pool);
  }

  /** Undefined for a key that is unknown, revoked or expired. */
  async execute(key: string): Promise<ApiKeyRights | undefined> {
    const row = await this.#found.load(digest(key));
    if (!row) return undefined;
    if (row.is_use_old) this.#recordUse(row.id);
    return {
      id: row.id,
      tenant: { workspaceId: row.workspace_id, environment: row.environment },
      scopes: row.scopes,
      returnHosts: row.return_hosts,
      rateLimits: row.rate_limits,
    };
  }

  /** The request does not wait for this statement, and does not fail with it. A locked row holds no connection of the pool. */
  #recordUse(id: string): void {
    this.database.pool.query(RECORD_USE, [id]).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'api_key.use_not_recorded');
    });
  }
}

async function readKeys(tx: Tx, hashes: readonly Buffer[]): Promise<(Row | undefined)[]> {
  const { rows } = await tx.query<Row & Record<string, unknown>>(FIND, [hashes]);
  return hashes.map((hash) => rows.find((row) => hash.equals(row.key_hash)));
}

const FIND_RETURN_HOSTS = `
  select return_hosts as "returnHosts" from api_keys
   where id = $1 and revoked_at is null and (expires_at is null or expires_at > db_now())`;

/** The hosts of the credential that started an attempt, as they are now: none for a revoked key, or for a dashboard token. */
export async function findReturnHosts(tx: Tx, credential: string): Promise<string[]> {
  const [kind, id] = credential.split(':');
  if (kind !== 'key') return [];
  const { rows } = await tx.query<{ returnHosts: string[] }>(FIND_RETURN_HOSTS, [id]);
  return rows[0]?.returnHosts ?? [];
}
