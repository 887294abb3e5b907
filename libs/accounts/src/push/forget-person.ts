import { recordEvent, redactAccountEvents, type Tenant, type Tx } from '#persistence';

/** What an event may still say when nobody may know any more whom it was about. */
const IMPERSONAL = ['health', 'reason', 'previous', 'provider', 'error', 'missing_scopes'];

const PROFILES = `
  update accounts set handle = null, display_name = null, avatar_url = null, metadata = '{}'
  where grant_id = $1 and (handle is not null or display_name is not null or avatar_url is not null or metadata <> '{}')
  returning id as "accountId", workspace_id as "workspaceId", environment`;

/**
 * Destroys what a grant's accounts, disconnected ones too, and their events, told and untold, say of its person. Ids stay,
 * so that a later consent finds its account. What came after `until` the person gave anew: it stays; null: there is nothing.
 */
export async function forgetPerson(tx: Tx, grantId: string, until: Date | null): Promise<void> {
  await redactAccountEvents(tx, grantId, until, IMPERSONAL);
  if (until === null) await forgetProfiles(tx, grantId);
}

/** Whoever keeps a copy of a profile is told to destroy it too. */
async function forgetProfiles(tx: Tx, grantId: string): Promise<void> {
  const { rows } = await tx.query<Tenant & { accountId: string }>(PROFILES, [grantId]);
  for (const account of rows) {
    await recordEvent(tx, { ...account, type: 'account.data_deleted', data: { reason: 'data_deletion_requested' } });
  }
}
