import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import type { Tenant, Tx } from '#persistence/sql';
import { accountTokens, grantTokens, type SealedRow, type SealedTable } from '#persistence/sealed';
import type { Owner, Vault } from './vault.js';

/** An account, and where its token is sealed. */
export interface TokenOwner extends Tenant {
  id: string;
  grantId: string;
  /** The workspace under which the grant is sealed: another one for a leased account. */
  grantWorkspaceId: string;
  /** Whether it has a token of its own, as a Page has. */
  ownToken: boolean;
}

/** Opens the token of an account: its own, or the one of its grant. Null: it was destroyed. */
export async function openAccessToken(vault: Vault, tx: Tx, account: TokenOwner): Promise<Secret | null> {
  if (account.ownToken) return vault.openAccountToken(tx, account);
  const grant = { id: account.grantId, workspaceId: account.grantWorkspaceId, environment: account.environment };
  return (await vault.openGrantTokens(tx, grant))?.access ?? null;
}

/** Null: it was destroyed. */
export type OpenedAccess = Secret | SealBroken | null;

/** The same as `openAccessToken` for several accounts, in their order. A row that does not open is no error of the others. */
export async function openAccessTokens(
  vault: Vault,
  tx: Tx,
  accounts: readonly TokenOwner[],
): Promise<(OpenedAccess | undefined)[]> {
  const own = accounts.filter(({ ownToken }) => ownToken);
  const grants = accounts
    .filter(({ ownToken }) => !ownToken)
    .map(({ grantId: id, grantWorkspaceId: workspaceId, environment }) => ({ id, workspaceId, environment }));
  const [ofAccounts, ofGrants] = await Promise.all([
    openAll(vault, tx, accountTokens, own),
    openAll(vault, tx, grantTokens, grants),
  ]);
  return accounts.map(({ id, ownToken, grantId }) => (ownToken ? ofAccounts.get(id) : ofGrants.get(grantId)));
}

async function openAll<Column extends string>(
  vault: Vault,
  tx: Tx,
  table: SealedTable<Column | 'sealed_access'>,
  owners: readonly Owner[],
): Promise<Map<string, OpenedAccess>> {
  if (owners.length === 0) return new Map();
  const rows = await table.readAll(
    tx,
    owners.map(({ id }) => id),
  );
  const opened = new Map<string, OpenedAccess>();
  for (const owner of owners) {
    const row = rows.get(owner.id);
    if (row) opened.set(owner.id, openAccess(vault, table, owner, row));
  }
  return opened;
}

/** The refresh token stays sealed. */
function openAccess(
  vault: Vault,
  table: { name: string },
  owner: Owner,
  row: SealedRow<'sealed_access'>,
): Secret | SealBroken | null {
  try {
    const { sealed_access } = row.values;
    return vault.openOf(table, owner, { ...row, values: { sealed_access } }).sealed_access;
  } catch (error) {
    if (error instanceof SealBroken) return error;
    throw error;
  }
}
