import { Inject, Injectable } from '@nestjs/common';
import { digest } from '#crypto';
import { type Logger, LOGGER } from '#observability';
import { Database, type Environment, type RateLimits } from '#persistence';
import type { Caller } from '../http/caller.js';
import type { Scope } from '../http/scope.js';

interface Row {
  id: string;
  workspace_id: string;
  environment: Environment;
  scopes: Scope[];
  rate_limits: RateLimits | null;
  use_is_old: boolean;
}

const FIND = `
  select id, workspace_id, environment, scopes, rate_limits,
         coalesce(last_used_at < db_now() - interval '1 minute', true) as use_is_old
    from api_keys
   where key_hash = $1 and revoked_at is null and (expires_at is null or expires_at > db_now())`;

/** Nobody needs the last use by the second, and a write for each request would be one too many. */
const NOTE_USE = `
  update api_keys set last_used_at = db_now()
   where id = $1 and (last_used_at is null or last_used_at < db_now() - interval '1 minute')`;

/** Whose a key is. Nothing is remembered between requests: a revocation counts from the next one, in every process. */
@Injectable()
export class ApiKeyLookup {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The caller behind a key that is neither revoked nor expired. */
  async find(key: string): Promise<Caller | undefined> {
    const { rows } = await this.database.pool.query<Row>(FIND, [digest(key)]);
    const [row] = rows;
    if (!row) return undefined;
    if (row.use_is_old) this.#noteUse(row.id);
    return {
      tenant: { workspaceId: row.workspace_id, environment: row.environment },
      kind: 'key',
      credential: `key:${row.id}`,
      keyId: row.id,
      scopes: row.scopes,
      roles: [],
      rateLimits: row.rate_limits,
    };
  }

  /** The caller does not wait for it, and does not fail with it. */
  #noteUse(id: string): void {
    this.database.pool.query(NOTE_USE, [id]).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the use of an API key was not noted');
    });
  }
}
