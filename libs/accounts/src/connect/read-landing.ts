import { Injectable } from '@nestjs/common';
import { digest, isOurState, Keyring } from '#crypto';
import { type AttemptStatus, Database } from '#persistence';
import { providerTitle } from '#providers';

/** The end of an attempt, for the browser that returned with its state. */
export interface Landing {
  /** The platform's display name. */
  platform: string;
  status: AttemptStatus;
  error: string | null;
  accounts: { handle: string | null; displayName: string | null }[];
}

const SELECT = `
  select provider, status, error, coalesce((
      select json_agg(json_build_object('handle', handle, 'displayName', display_name) order by array_position(attempt.account_ids, id))
      from accounts where id = any(attempt.account_ids)
    ), '[]') as accounts
  from connect_attempts attempt
  where state_hash = $1 and spent_at > db_now() - interval '10 minutes'`;

/**
 * Reads what the page at the end of a flow shows. The state authorizes it: only the browser of the callback has it.
 * Undefined for any other text, and ten minutes after the callback.
 */
@Injectable()
export class ReadLanding {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  async execute(state: string): Promise<Landing | undefined> {
    if (!isOurState(this.keyring, state)) return undefined;
    const { rows } = await this.database.pool.query<Omit<Landing, 'platform'> & { provider: string }>(SELECT, [
      digest(state),
    ]);
    return rows[0] && { ...rows[0], platform: providerTitle(rows[0].provider) };
  }
}
