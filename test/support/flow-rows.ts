import type { Flow } from './flow.js';

export interface GrantRow {
  id: string;
  version: string;
  sealedVersion: string | null;
  state: string;
  due: Date | null;
  /** Seconds from now until it is due. */
  dueIn: number;
  attempt: number;
  strikes: number;
  expiresAt: Date;
}

/** The grant of an account, and under which version its tokens are sealed; null: there are none. */
export const grantOf = (flow: Flow, accountId: string): Promise<GrantRow> =>
  flow.one(
    `select grants.id, token_version as version, grant_tokens.version as "sealedVersion", refresh_state as state,
       refresh_due_at as due, extract(epoch from refresh_due_at - db_now())::float8 as "dueIn", attempt,
       strike_count as strikes, access_expires_at as "expiresAt"
     from grants join accounts on accounts.grant_id = grants.id
     left join grant_tokens on grant_tokens.grant_id = grants.id where accounts.id = $1`,
    [accountId],
  );

export interface EventRow {
  id: string;
  type: string;
  sequence: string;
  data: Record<string, unknown>;
}

/** What happened to an account, oldest first. */
export const eventsOf = (flow: Flow, accountId: string): Promise<EventRow[]> =>
  flow.many('select id, type, sequence, data from account_events where account_id = $1 order by sequence', [accountId]);

/** The events of an account that wait in the outbox, in the same shape. */
export const outboxOf = (flow: Flow, accountId: string): Promise<EventRow[]> =>
  flow.many('select id, type, sequence, payload as data from outbox where account_id = $1 order by sequence', [
    accountId,
  ]);

/** The events of a tenant that are about no account. */
export const tenantEvents = (flow: Flow): Promise<{ type: string; data: Record<string, unknown> }[]> =>
  flow.many('select type, payload as data from outbox where workspace_id = $1 and account_id is null order by id', [
    flow.tenant.workspaceId,
  ]);

export interface AttemptState {
  id: string;
  status: string;
  error: string | null;
  platformCode: string | null;
  accountIds: string[];
  spent: boolean;
  /** Whether anything is still sealed for it. */
  sealed: boolean;
}

/** The tenant's attempts, oldest first. */
export const attemptsOf = (flow: Flow): Promise<AttemptState[]> =>
  flow.many(
    `select id, status, error, platform_code as "platformCode", account_ids as "accountIds", spent_at is not null as spent,
       exists (select 1 from attempt_secrets where attempt_id = connect_attempts.id) as sealed
     from connect_attempts where workspace_id = $1 order by id`,
    [flow.tenant.workspaceId],
  );

/** Every row of every table as text, byte columns as hex and, where it can be read so, as plain text. */
export async function dump(flow: Flow): Promise<string> {
  const tables = await flow.many<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  const texts = tables.map(async ({ name }) => {
    const rows = await flow.many<object>(`select * from ${name}`);
    return rows.flatMap((row) => Object.values(row) as unknown[]).map(asText);
  });
  return (await Promise.all(texts)).flat().join('\n');
}

const asText = (value: unknown): string =>
  Buffer.isBuffer(value) ? `${value.toString('hex')} ${value.toString('latin1')}` : JSON.stringify(value);
