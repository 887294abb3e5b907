import { type Keyring, openRow, type Place, type RowSecrets, SealBroken, sealRow } from '#crypto';
import { Secret } from '#observability';
import type { Tenant, Tx } from '#persistence/sql';
import {
  accountTokens,
  attemptSecrets,
  grantTokens,
  oauthAppSecrets,
  removeOrphansBefore,
  removeOrphansBeforeExchange,
  removeOrphansOfGrant,
  revocationTokens,
  type SealedRow,
  type SealedTable,
  tokenOrphans,
  webhookSecrets,
} from '#persistence/sealed';
import type { TokenSet } from '#providers';
import { packTokens, type Renewal, unpackTokens } from './packed-tokens.js';

/** The pair of a grant, opened. `previous` is the refresh token before this one, kept for a while. */
export interface GrantTokens {
  access: Secret;
  refresh: Secret | null;
  previous: Secret | null;
}

/** The signing secrets of an endpoint. */
export interface WebhookSecrets {
  secret: Secret;
  previous: Secret | null;
}

/** What a stored revocation needs at the platform. */
export interface RevocationSecrets {
  tokens: TokenSet;
  /** Null: the app has it. */
  clientSecret: Secret | null;
  renewal?: Renewal;
}

/** Whose row it is. */
export interface Owner extends Tenant {
  id: string;
}

/** Where sealed rows are opened and sealed: the only user of the wrapping key. */
export class Vault {
  constructor(private readonly keyring: Keyring) {}

  async sealClientSecret(tx: Tx, app: Owner, secret: Secret): Promise<void> {
    const version = await nextVersion(tx, oauthAppSecrets, app);
    await this.seal(tx, oauthAppSecrets, app, version, { sealed_client_secret: secret });
  }

  async openClientSecret(tx: Tx, app: Owner): Promise<Secret | null> {
    return (await this.open(tx, oauthAppSecrets, app))?.sealed_client_secret ?? null;
  }

  async sealVerifier(tx: Tx, attempt: Owner, verifier: Secret): Promise<void> {
    await this.seal(tx, attemptSecrets, attempt, '1', { sealed_verifier: verifier, sealed_token_set: null });
  }

  async openVerifier(tx: Tx, attempt: Owner): Promise<Secret | null> {
    return (await this.open(tx, attemptSecrets, attempt))?.sealed_verifier ?? null;
  }

  /** The token set waits in the attempt until it is known whose it is; the verifier has done its work and goes. */
  async sealAttemptTokens(tx: Tx, attempt: Owner, tokens: TokenSet): Promise<void> {
    await this.seal(tx, attemptSecrets, attempt, '2', { sealed_verifier: null, sealed_token_set: packTokens(tokens) });
  }

  async openAttemptTokens(tx: Tx, attempt: Owner): Promise<TokenSet | null> {
    const packed = (await this.open(tx, attemptSecrets, attempt))?.sealed_token_set;
    return packed ? unpackTokens(packed) : null;
  }

  async shredAttempt(tx: Tx, attemptId: string): Promise<void> {
    await attemptSecrets.shred(tx, attemptId);
  }

  /** Seals a pair under the version that the same transaction gave to its grant. */
  async sealGrantTokens(tx: Tx, grant: Owner, version: string, tokens: GrantTokens): Promise<void> {
    await this.seal(tx, grantTokens, grant, version, {
      sealed_access: tokens.access,
      sealed_refresh: tokens.refresh,
      sealed_prev_refresh: tokens.previous,
    });
  }

  async openGrantTokens(tx: Tx, grant: Owner): Promise<GrantTokens | null> {
    const row = await this.open(tx, grantTokens, grant);
    if (!row?.sealed_access) return null;
    return { access: row.sealed_access, refresh: row.sealed_refresh, previous: row.sealed_prev_refresh };
  }

  /** The pair, and those that came too late for it. */
  async shredGrant(tx: Tx, grantId: string): Promise<void> {
    await grantTokens.shred(tx, grantId);
    await removeOrphansOfGrant(tx, grantId);
  }

  /** The token of one account of several of a grant. */
  async sealAccountToken(tx: Tx, account: Owner, token: Secret): Promise<void> {
    await this.seal(tx, accountTokens, account, await nextVersion(tx, accountTokens, account), {
      sealed_access: token,
    });
  }

  async openAccountToken(tx: Tx, account: Owner): Promise<Secret | null> {
    return (await this.open(tx, accountTokens, account))?.sealed_access ?? null;
  }

  async shredAccount(tx: Tx, accountId: string): Promise<void> {
    await accountTokens.shred(tx, accountId);
  }

  /** A pair that came too late for its grant is kept beside it, under the exchange that brought it. */
  async sealOrphan(tx: Tx, intent: Owner, tokens: TokenSet): Promise<void> {
    await this.seal(tx, tokenOrphans, intent, '1', { sealed_pair: packTokens(tokens) });
  }

  async openOrphan(tx: Tx, intent: Owner): Promise<TokenSet | null> {
    const packed = (await this.open(tx, tokenOrphans, intent))?.sealed_pair;
    return packed ? unpackTokens(packed) : null;
  }

  /** The ids under which the late pairs of a grant are sealed. */
  async orphansOf(tx: Tx, grantId: string): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      'select intent_id as id from token_orphans join exchange_intents on id = intent_id where grant_id = $1',
      [grantId],
    );
    return rows.map(({ id }) => id);
  }

  /** A consent of that time is accepted: it replaces the pairs that were received before. */
  async shredOrphansBefore(tx: Tx, grantId: string, time: Date): Promise<void> {
    await removeOrphansBefore(tx, grantId, time);
  }

  /** The platform accepted the stored pair in this exchange: pairs that were received before its dispatch are outdated. */
  async shredOrphansBeforeExchange(tx: Tx, grantId: string, intentId: string): Promise<void> {
    await removeOrphansBeforeExchange(tx, grantId, intentId);
  }

  async shredOrphan(tx: Tx, intentId: string): Promise<void> {
    await tokenOrphans.shred(tx, intentId);
  }

  async sealRevocation(tx: Tx, revocation: Owner, secrets: RevocationSecrets): Promise<void> {
    const { tokens, clientSecret, renewal } = secrets;
    const version = await nextVersion(tx, revocationTokens, revocation);
    const pair = renewal ? { ...tokens, renewal } : tokens;
    await this.seal(tx, revocationTokens, revocation, version, {
      sealed_pair: packTokens(pair),
      sealed_client_secret: clientSecret,
    });
  }

  async openRevocation(tx: Tx, revocation: Owner): Promise<RevocationSecrets | null> {
    const row = await this.open(tx, revocationTokens, revocation);
    if (!row?.sealed_pair) return null;
    const { renewal, ...tokens } = unpackTokens(row.sealed_pair);
    return { tokens, clientSecret: row.sealed_client_secret, ...(renewal && { renewal }) };
  }

  /** The signing secrets of an endpoint: the present one, and the one before while its rotation lasts. */
  async sealWebhookSecrets(tx: Tx, webhook: Owner, { secret, previous }: WebhookSecrets): Promise<void> {
    const version = await nextVersion(tx, webhookSecrets, webhook);
    await this.seal(tx, webhookSecrets, webhook, version, { sealed_secret: secret, sealed_previous: previous });
  }

  async openWebhookSecrets(tx: Tx, webhook: Owner): Promise<WebhookSecrets | null> {
    const row = await this.open(tx, webhookSecrets, webhook);
    return row?.sealed_secret ? { secret: row.sealed_secret, previous: row.sealed_previous } : null;
  }

  async shredWebhookSecrets(tx: Tx, webhookId: string): Promise<void> {
    await webhookSecrets.shred(tx, webhookId);
  }

  /** Whether the row opens, or is not there. */
  async opens(tx: Tx, { name, read }: Pick<SealedTable<string>, 'name' | 'read'>, owner: Owner): Promise<boolean> {
    const row = await read(tx, owner.id);
    try {
      if (row) this.openOf({ name }, owner, row);
      return true;
    } catch (error) {
      if (error instanceof SealBroken) return false;
      throw error;
    }
  }

  private async seal<Column extends string>(
    tx: Tx,
    table: SealedTable<Column>,
    owner: Owner,
    version: string,
    secrets: RowSecrets<Column>,
  ): Promise<void> {
    const sealed = sealRow(this.keyring, placeOf(table, owner, version), secrets);
    await table.write(tx, owner.id, { version, ...sealed });
  }

  private async open<Column extends string>(
    tx: Tx,
    table: SealedTable<Column>,
    owner: Owner,
  ): Promise<RowSecrets<Column> | undefined> {
    const row = await table.read(tx, owner.id);
    return row && this.openOf(table, owner, row);
  }

  /** Opens a row that was read. Throws SealBroken. */
  openOf<Column extends string>(table: { name: string }, owner: Owner, row: SealedRow<Column>): RowSecrets<Column> {
    const { name } = table;
    if (row.ownerVersion !== undefined && row.ownerVersion !== row.version)
      throw new SealBroken('a sealed row is of another version than its owner', { table: name, rowId: owner.id });
    return openRow(this.keyring, placeOf(table, owner, row.version), row);
  }
}

/** Rows whose version no other table keeps count theirs by themselves. */
async function nextVersion<Column extends string>(tx: Tx, table: SealedTable<Column>, { id }: Owner): Promise<string> {
  const before = await table.read(tx, id);
  return String(BigInt(before?.version ?? '0') + 1n);
}

const placeOf = (table: { name: string }, owner: Owner, version: string): Place => ({
  workspaceId: owner.workspaceId,
  environment: owner.environment,
  table: table.name,
  rowId: owner.id,
  version,
});
