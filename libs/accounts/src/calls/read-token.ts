import { Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { Database, Gathered, type HistoryInput, recordHistories, recordHistory, type Tenant } from '#persistence';
import type { UsableToken } from '#tokens';
import { UsableTokens } from './usable-token.js';

/** As long as the caller of a forced refresh waits. */
const REFRESH_MAX_WAIT = seconds(65);

export interface ReadTokenInput {
  tenant: Tenant;
  id: string;
  minTtl: number;
  /** The public id of the API key, for the audit. */
  readBy: string | null;
}

/** Hands out the platform token of an account. Each read is an event of the account's history, which is not delivered. */
@Injectable()
export class ReadToken {
  readonly #events: Gathered<HistoryInput, boolean>;

  constructor(
    private readonly database: Database,
    private readonly usableTokens: UsableTokens,
  ) {
    this.#events = new Gathered((events) => recordHistories(database.pool, events), database.pool);
  }

  /** Throws what UsableTokens throws. No event, no token. */
  async execute({ tenant, id, minTtl, readBy }: ReadTokenInput): Promise<UsableToken> {
    const token = await this.usableTokens.open({ tenant, id, minTtl, maxWait: REFRESH_MAX_WAIT });
    const data = { api_key_id: readBy };
    const event: HistoryInput = { ...tenant, accountId: id, type: 'account.token_read', data };
    // The event of an account that is locked waits for it in a statement of its own.
    if (!(await this.#events.load(event))) await recordHistory(this.database.pool, event);
    return token;
  }
}
