import { Injectable } from '@nestjs/common';
import { Database, type Environment, EVENT_TYPES, type EventType, type Tenant } from '#persistence';
import { eventGone } from '../accounts.errors.js';
import { cutPage } from '../policies/keyset.js';
import { GetAccount } from './get-account.js';

export interface EventRecord {
  id: string;
  type: EventType;
  createdAt: Date;
  environment: Environment;
  /** Null, like `sequence`: the event concerns no account. */
  accountId: string | null;
  sequence: number | null;
  data: Record<string, unknown>;
}

export interface ReadFeedInput {
  tenant: Tenant;
  /** The last event that the reader has. */
  after?: string | undefined;
  /** Default: all but `account.refreshed`, which is frequent. */
  types?: readonly EventType[] | undefined;
  accountId?: string | undefined;
  limit: number;
}

/** The highest position below which no event can appear any more. */
const SETTLED = 'select settled_event_position() as position';

const POSITION = `
  select position from outbox where workspace_id = $1 and environment = $2 and id = $3`;

const OLDEST = `
  select id from outbox where workspace_id = $1 and environment = $2 order by position limit 1`;

const pageOf = (ofAccount: string): string => `
  select id, type, created_at as "createdAt", environment, account_id as "accountId", sequence::int, payload as data
  from outbox
  where workspace_id = $1 and environment = $2 and position > $3 and position <= $4 and type = any($5) ${ofAccount}
  order by position limit $6`;
const PAGE = pageOf('');
const PAGE_OF_ACCOUNT = pageOf('and account_id = $7');

const USUAL_TYPES = EVENT_TYPES.filter((type) => type !== 'account.refreshed');

/**
 * Reads the events of a tenant in their order, oldest first. An event that commits late is never behind the last one that a
 * reader has received: the feed ends before the oldest event that a running transaction may still add.
 */
@Injectable()
export class ReadFeed {
  constructor(
    private readonly database: Database,
    private readonly getAccount: GetAccount,
  ) {}

  /** Throws `event.gone` for an `after` that is unknown or no longer kept, and `account.not_found`. */
  async execute(input: ReadFeedInput): Promise<{ items: EventRecord[]; next: string | null }> {
    const { tenant, accountId, types = USUAL_TYPES, limit } = input;
    if (accountId !== undefined) await this.getAccount.execute({ tenant, id: accountId });
    const { pool } = this.database;
    const owner = [tenant.workspaceId, tenant.environment];
    const after = await this.positionOf(owner, input.after);
    // A statement of its own: the page needs a later view of the database than this one.
    const { rows: settled } = await pool.query<{ position: string }>(SETTLED);
    const values = [...owner, after, settled[0]?.position, types, limit + 1];
    const { rows } =
      accountId === undefined
        ? await pool.query<EventRecord>(PAGE, values)
        : await pool.query<EventRecord>(PAGE_OF_ACCOUNT, [...values, accountId]);
    const { items, last } = cutPage(rows, limit);
    return { items, next: last?.id ?? null };
  }

  private async positionOf(owner: readonly string[], after: string | undefined): Promise<string> {
    if (after === undefined) return '0';
    const { rows } = await this.database.pool.query<{ position: string }>(POSITION, [...owner, after]);
    if (rows[0]) return rows[0].position;
    const { rows: oldest } = await this.database.pool.query<{ id: string }>(OLDEST, [...owner]);
    throw eventGone(oldest[0]?.id);
  }
}
