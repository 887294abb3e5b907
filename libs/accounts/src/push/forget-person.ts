import { eraseProfiles, recordEvent, redactAccountEvents, type Tx } from '#persistence';

/** What an event may still say when nobody may know any more whom it was about. */
const IMPERSONAL = ['health', 'reason', 'previous', 'provider', 'error', 'missing_scopes'];

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
  for (const account of await eraseProfiles(tx, grantId)) {
    await recordEvent(tx, { ...account, type: 'account.data_deleted', data: { reason: 'data_deletion_requested' } });
  }
}
