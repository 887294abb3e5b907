import { Inject, Injectable } from '@nestjs/common';
import { type Acceptance, Database, transaction, type Tx } from '#persistence';
import type { Provider } from '#providers';
import {
  applyHealth,
  databaseTime,
  retireGrant,
  supplyGrant,
  syncProfiles,
  type TokenContext,
  verifyToken,
} from '#tokens';
import {
  accountLeased,
  credentialsRejected,
  invalidField,
  profileMismatch,
  providerUnavailable,
} from '../accounts.errors.js';
import { AttemptTarget } from '../connect/attempt-target.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { knownProvider } from '../policies/known-provider.js';
import { readScopes } from '../policies/scopes.js';
import { holdProject } from '../projects/projects.js';
import { RevokeLater } from '../revoke-later.js';
import { readAccount } from './get-account.js';
import {
  type CheckedAccount,
  type CreateAccountInput,
  type CreatedAccount,
  storeSuppliedAccount,
} from './supplied-account.js';
import { checkCredentials, hasEnded } from './supplied-credentials.js';

interface Stored {
  created: CreatedAccount;
  /** The grant that the account was moved from; undefined: it has the same one, or is new. */
  leftGrantId: string | undefined;
}

/**
 * The account has another grant than the one that was read and locked: the transaction is rolled back. Grants are locked before
 * accounts, so that the other one cannot be locked any more.
 */
class GrantChanged extends Error {}

const RETRY_SECONDS = 30;
const ACCEPTED: Acceptance = { isAccepted: true, unverifiedReason: null };
const unverified = (reason: string | null): Pick<CheckedAccount, 'verified' | 'acceptance'> => ({
  verified: undefined,
  acceptance: { isAccepted: false, unverifiedReason: reason },
});

const CURRENT = `
  select grant_id as "grantId", connection_type as "connectionType" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected'`;

const MAX_METADATA_KEYS = 50;

/** Connects a profile with tokens that the client brings. A connected profile keeps its account and gets the tokens. */
@Injectable()
export class CreateAccount {
  constructor(
    private readonly database: Database,
    private readonly target: AttemptTarget,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws credentials.rejected, credentials.mismatch, project.not_found, oauth_app.not_found, account.leased and
   * validation.failed, and provider.unavailable where the platform does not confirm tokens that would replace others. */
  async execute(input: CreateAccountInput): Promise<CreatedAccount> {
    const provider = knownProvider(input.provider, input.tenant.environment);
    const checked = await this.check(input, provider);
    const { created, revocation } = await this.storeWhereItIs(checked);
    this.revokeLater.execute(revocation);
    return created;
  }

  /** Repeats only if another request or a consent stored other tokens of the profile meanwhile. */
  private async storeWhereItIs(
    checked: CheckedAccount,
  ): Promise<{ created: CreatedAccount; revocation: string | undefined }> {
    for (;;) {
      try {
        return await transaction(this.database.pool, async (tx) => {
          await holdProject(tx, checked.input.tenant, checked.projectId);
          const { created, leftGrantId } = await this.store(tx, checked);
          await checked.input.alongside?.(tx, created);
          return { created, revocation: await this.retireLeft(tx, checked, leftGrantId) };
        });
      } catch (error) {
        if (!(error instanceof GrantChanged)) throw error;
      }
    }
  }

  private async check(input: CreateAccountInput, provider: Provider): Promise<CheckedAccount> {
    const { tenant, appOwner = tenant, credentials, platformAccountId, oauthAppId } = input;
    const projectId = await this.target.project(tenant, input.projectId);
    if (oauthAppId !== undefined) await this.target.suppliedApp(appOwner, provider.name, oauthAppId);
    const now = new Date(await databaseTime(this.database.pool));
    const claim = { credentials, platformAccountId, oauthAppId, now };
    checkCredentials(provider, claim);
    const scopes = credentials.scopes ? readScopes(credentials.scopes, 'credentials.scopes') : null;
    const known = { input, provider, projectId, oauthAppId: oauthAppId ?? null, scopes };
    if (hasEnded(claim)) return { ...known, ...unverified('unverified') };
    return input.verify === false ? { ...known, ...unverified(null) } : this.verify(known);
  }

  private async verify(known: Omit<CheckedAccount, 'verified' | 'acceptance'>): Promise<CheckedAccount> {
    const { input, provider, scopes } = known;
    const verification = await verifyToken(this.context, {
      provider: provider.name,
      environment: input.tenant.environment,
      accessToken: input.credentials.accessToken,
      scopes: scopes ?? [],
      platformAccountId: input.platformAccountId,
    });
    if (verification.kind === 'mismatch') throw profileMismatch();
    if (verification.kind === 'rejected') throw credentialsRejected(verification.failure.code);
    if (verification.kind === 'unanswered')
      return { ...known, ...unverified(verification.failure.reason), unansweredCode: verification.failure.code };
    const granted = scopes ?? verification.scopes ?? null;
    return { ...known, scopes: granted, verified: verification, acceptance: ACCEPTED };
  }

  private async store(tx: Tx, checked: CheckedAccount): Promise<Stored> {
    const current = await readCurrent(tx, checked);
    const grantId = await this.storeGrant(tx, checked, current?.grantId ?? null);
    const account = await storeSuppliedAccount(tx, checked, grantId);
    await this.storeProfileToken(tx, checked, { accountId: account.id, grantId });
    await applyHealth(tx, grantId);
    const record = await readAccount(tx, { tenant: checked.input.tenant, id: account.id });
    if (Object.keys(record.metadata).length > MAX_METADATA_KEYS)
      throw invalidField(
        'metadata',
        `must have at most ${MAX_METADATA_KEYS} keys, with those of the connected account`,
      );
    const created = { account: record, isNew: account.previousGrantId === undefined };
    const left = account.previousGrantId;
    if (left !== current?.grantId) throw new GrantChanged();
    return { created, leftGrantId: left === grantId ? undefined : left };
  }

  /** After `alongside`, in which a lease of the account leaves the grant, too. */
  private async retireLeft(tx: Tx, { oauthAppId }: CheckedAccount, left?: string): Promise<string | undefined> {
    if (left === undefined) return undefined;
    // The new tokens may belong to the same app and person, so revoking the former ones could end them.
    return retireGrant(this.context, tx, left, { revoke: oauthAppId !== null });
  }

  private storeGrant(tx: Tx, checked: CheckedAccount, currentGrantId: string | null): Promise<string> {
    const { input, provider, oauthAppId, scopes, verified } = checked;
    const { accessToken, refreshToken, expiresAt } = input.credentials;
    return supplyGrant(this.context, tx, {
      ...input.tenant,
      provider: provider.name,
      oauthAppId,
      accessToken,
      refreshToken: refreshToken ?? null,
      accessExpiresAt: expiresAt ?? null,
      scopes,
      platformUserId: verified?.platformUserId ?? null,
      isOfProfile: provider.profiles !== undefined && verified?.list === undefined,
      currentGrantId,
    });
  }

  /** With a person's token the platform returns the profile's own token, as after a consent. */
  private async storeProfileToken(
    tx: Tx,
    { verified }: CheckedAccount,
    { accountId, grantId }: { accountId: string; grantId: string },
  ): Promise<void> {
    await this.context.vault.shredAccount(tx, accountId);
    if (verified?.list) await syncProfiles(this.context, tx, grantId, verified.list);
  }
}

type Current = Record<'grantId' | 'connectionType', string>;

async function readCurrent(tx: Tx, checked: CheckedAccount): Promise<Current | undefined> {
  const { input, provider, projectId, unansweredCode } = checked;
  const { tenant, platformAccountId } = input;
  const values = [tenant.workspaceId, tenant.environment, projectId, provider.name, platformAccountId];
  const [current] = (await tx.query<Current>(CURRENT, values)).rows;
  if (current?.connectionType === 'leased') throw accountLeased();
  // The stored tokens may work: tokens that the platform has not confirmed do not replace them.
  if (current && unansweredCode !== undefined) throw providerUnavailable(RETRY_SECONDS, unansweredCode);
  return current;
}
