import { recordEvent, type Tenant, type Tx } from '#persistence';
import type { Person } from './fail-waiting-attempts.js';

/** What an event may still say when nobody may know any more whom it was about. */
const IMPERSONAL = ['health', 'reason', 'previous', 'provider', 'error', 'missing_scopes'];

const PROFILES = `
  update accounts set handle = null, display_name = null, avatar_url = null, metadata = '{}'
  where grant_id = $1 and (handle is not null or display_name is not null or avatar_url is not null or metadata <> '{}')
  returning id as "accountId", workspace_id as "workspaceId", environment`;

const EVENTS = `
  select event.id from account_events event join accounts account on account.id = event.account_id
  where account.grant_id = $1 and event.created_at <= coalesce($2::timestamptz + interval '1 second', 'infinity')
    and event.data - $3::text[] <> '{}'`;

const emptied = (table: string, column: string): string => `
  update ${table} set ${column} = coalesce(
    (select jsonb_object_agg(key, value) from jsonb_each(${column}) where key = any($2)), '{}')
  where id = any($1)`;

const ATTEMPTS = `
  update connect_attempts set candidates = null, user_ref = null
  where oauth_app_id = $1 and platform_user_id = $2 and created_at <= coalesce($3::timestamptz + interval '1 second', 'infinity')`;

/** Destroys what attempts hold of a person: what was to be chosen from, and who it was to the client. */
export async function forgetAttempts(
  tx: Tx,
  { oauthAppId, platformUserId }: Person,
  until: Date | null,
): Promise<void> {
  await tx.query(ATTEMPTS, [oauthAppId, platformUserId, until]);
}

/**
 * Destroys what a grant's accounts, disconnected ones too, and their events, told and untold, say of its person. Ids stay,
 * so that a later consent finds its account. What came after `until` the person gave anew: it stays; null: there is nothing.
 */
export async function forgetPerson(tx: Tx, grantId: string, until: Date | null): Promise<void> {
  const { rows: events } = await tx.query<{ id: string }>(EVENTS, [grantId, until, IMPERSONAL]);
  const ids = events.map(({ id }) => id);
  await tx.query(emptied('account_events', 'data'), [ids, IMPERSONAL]);
  // An event has the same id where it waits to be told.
  await tx.query(emptied('outbox', 'payload'), [ids, IMPERSONAL]);
  if (until === null) await forgetProfiles(tx, grantId);
}

/** Whoever keeps a copy of a profile is told to destroy it too. */
async function forgetProfiles(tx: Tx, grantId: string): Promise<void> {
  const { rows } = await tx.query<Tenant & { accountId: string }>(PROFILES, [grantId]);
  for (const account of rows) {
    await recordEvent(tx, { ...account, type: 'account.data_deleted', data: { reason: 'data_deletion_requested' } });
  }
}
