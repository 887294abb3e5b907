import type { Tx } from '../tx.js';
import { sealedTable } from './sealed-table.js';
import type { OwnedTable } from './wrapped-keys.js';

export { type BrokenSeal, claimBrokenSeals, deleteBrokenSeal, noteBrokenSeal } from './broken-seals.js';
export type { SealedRow, SealedTable } from './sealed-table.js';
export { countByKey, lockRowsOfOtherKeys, type OwnedTable, storeWrappedKeys, type WrappedRow } from './wrapped-keys.js';

export const oauthAppSecrets = sealedTable('oauth_app_secrets', 'oauth_app_id', ['sealed_client_secret']);
export const attemptSecrets = sealedTable('attempt_secrets', 'attempt_id', ['sealed_verifier', 'sealed_token_set']);
export const grantTokens = sealedTable(
  'grant_tokens',
  'grant_id',
  ['sealed_access', 'sealed_refresh', 'sealed_prev_refresh'],
  'select token_version from grants where id = grant_id',
);
export const accountTokens = sealedTable('account_tokens', 'account_id', ['sealed_access']);
export const revocationTokens = sealedTable('revocation_tokens', 'revocation_id', [
  'sealed_pair',
  'sealed_client_secret',
]);
export const webhookSecrets = sealedTable('webhook_secrets', 'webhook_id', ['sealed_secret', 'sealed_previous']);
export const tokenOrphans = sealedTable('token_orphans', 'intent_id', ['sealed_pair']);

/** Every sealed table. A row's owner is in a table of its own, with the tenant, except that an intent is a grant's. */
export const SEALED_TABLES: readonly OwnedTable[] = [
  { table: grantTokens, owners: 'grants' },
  { table: accountTokens, owners: 'accounts' },
  { table: attemptSecrets, owners: 'connect_attempts' },
  { table: oauthAppSecrets, owners: 'oauth_apps' },
  { table: revocationTokens, owners: 'pending_revocations' },
  { table: webhookSecrets, owners: 'webhooks' },
  {
    table: tokenOrphans,
    owners: '(select i.id, g.workspace_id, g.environment from exchange_intents i join grants g on g.id = i.grant_id)',
  },
];

const OF_GRANT = 'intent_id in (select id from exchange_intents where grant_id = $1)';

/** Deletes the token sets that arrived too late for a grant. */
export async function removeOrphansOfGrant(tx: Tx, grantId: string): Promise<void> {
  await tx.query(`delete from token_orphans where ${OF_GRANT}`, [grantId]);
}

/** Deletes the late token sets of a grant that were received before a time. */
export async function removeOrphansBefore(tx: Tx, grantId: string, time: Date): Promise<void> {
  await tx.query(`delete from token_orphans where ${OF_GRANT} and received_at < $2`, [grantId, time]);
}

/** Deletes the late token sets of a grant that were received before one of its exchanges was dispatched. */
export async function removeOrphansBeforeExchange(tx: Tx, grantId: string, intentId: string): Promise<void> {
  const dispatchedAt = 'select dispatched_at from exchange_intents where id = $2';
  await tx.query(`delete from token_orphans where ${OF_GRANT} and received_at < (${dispatchedAt})`, [
    grantId,
    intentId,
  ]);
}
